"""How the page of a report looks: on a screen, light or dark, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --pale: #63635f; --paper: #f6f6f4; --card: #fff; --line: #dededa;
 --loud: #b3261e; --link: #1f6feb }
@media (prefers-color-scheme: dark) { :root { --ink: #ececea; --pale: #a3a39e; --paper: #161616; --card: #1f1f1f;
 --line: #3a3a38; --loud: #ff8a80; --link: #79b0ff } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
 font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem }
h2 { font-size: 1.05rem; margin: 0 0 .75rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; margin: 0 0 1.5rem }
dt { color: var(--pale) }
dd { margin: 0 }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem;
 margin: 0 0 1.25rem }
code, pre { font: 12px/1.5 ui-monospace, monospace; color: var(--pale) }
small { color: var(--pale); font-size: 13px }
p { margin: 0 }
.asked { display: flex; gap: 1rem; align-items: center; margin: 0 0 .75rem }
.asked b { color: var(--link); font-weight: 600 }
.standing { color: var(--pale); margin: .25rem 0 .75rem }
.error { color: var(--loud) }
table { width: 100%; border-collapse: collapse }
th { text-align: left; white-space: nowrap; overflow-wrap: normal; font-weight: 600; color: var(--pale);
 font-size: 13px; padding: 0 .75rem .35rem 0 }
td { vertical-align: top; padding: .6rem .75rem .6rem 0; border-top: 1px solid var(--line) }
td:last-child, th:last-child { width: 100%; padding-right: 0 }
td:not(:last-child) { font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: normal }
.similar td:first-child { color: var(--pale) }
.frame { display: flex; flex: none; width: 128px; height: 96px; align-items: center; justify-content: center;
 overflow: hidden; border: 1px solid var(--line); border-radius: 6px; background: var(--paper); color: var(--pale);
 font-size: 12px; line-height: 1.3; text-align: center; white-space: normal; padding: 0 }
.picture { width: 100%; height: 100%; background: center / contain no-repeat; print-color-adjust: exact;
 -webkit-print-color-adjust: exact }
#show + label { font-weight: 600; padding-left: .4rem; cursor: pointer }
label { display: inline-block; margin: 0 0 1rem }
#show:not(:checked) ~ main .picture { filter: blur(16px) }
details pre { white-space: pre-wrap; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
 padding: 1rem }
summary { color: var(--pale); cursor: pointer }
@media (max-width: 40rem) { dl { display: block } dd { margin: 0 0 .4rem } .frame { width: 84px; height: 64px } }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --pale: #444; --line: #bbb } body { padding: 0;
 max-width: none; font-size: 11px } section { border: 0; padding: 0 } tr, .asked { break-inside: avoid }
 h2 { font-size: 13px; break-after: avoid } small, th, .frame { font-size: 10px } code { font-size: 9px }
 details, #show, label { display: none } }
"""
