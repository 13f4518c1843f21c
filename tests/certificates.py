"""Certificates for tests, made by openssl."""

import subprocess
from pathlib import Path


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name, signed by itself, and its key."""
    folder.mkdir()
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = ["-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext"]
    files = ["-keyout", str(key), "-out", str(cert)]
    command = ["openssl", "req", "-x509", *words, f"subjectAltName={name}", *files]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key
