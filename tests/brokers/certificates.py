"""Certificates for servers of this machine, and authorities to trust or not to trust."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_certificates(openssl: Path, folder: Path) -> Path:
    """Make `ca.crt`, a certificate `server.crt` of it for 127.0.0.1 with its key, and another authority `other.crt`."""

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    new_key = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    for name in ("ca", "other"):
        run(*new_key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1")
    run(*new_key, "-subj", "/CN=server", *signed, "-keyout", "server.key", "-out", "server.crt")
    return folder
