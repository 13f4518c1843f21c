"""HTML as a browser reads it, for tests of what is written as HTML."""

import base64
import re
from html.parser import HTMLParser

PICTURE = re.compile(r"url\(data:image/jpeg;base64,([A-Za-z0-9+/=]*)\)")
VOID = {"img", "br", "meta", "wbr", "input"}


class Page(HTMLParser):
    """The tags, attributes and texts of a page; `unclosed` tells of tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(html)
        self.close()
        self.unclosed += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    def outside(self) -> list[str]:
        """Whatever would be fetched."""
        links = [
            link for name in ("src", "href", "srcset", "action", "data", "poster") for link in self.attributes(name)
        ]
        styles = [*self.texts, *self.attributes("style")]
        return [link for link in links if not link.startswith("data:")] + [
            text for text in styles if "url(" in PICTURE.sub("", text) or "@import" in text
        ]

    def pictures(self) -> list[bytes]:
        """The JPEGs that stand in its style sheets."""
        return [base64.b64decode(data) for text in self.texts for data in PICTURE.findall(text)]

    def frames(self) -> int:
        """How many frames of a report show one of them."""
        return sum(name.startswith("picture ") for name in self.attributes("class"))
