"""The cluster's authority, and who is who: a certificate for each component, and its kubeconfig.

Names and groups are those of kubernetes.io/docs/setup/best-practices/certificates.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cluster.place import API_PORT, API_SERVICE, NODE, Place

NODE_NAME = "asya"

_API_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
_SUBJECTS = {
    "admin": "/O=system:masters/CN=admin",
    "controller-manager": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE_NAME}",
}
_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: asya
  cluster:
    server: https://{node}:{port}
    certificate-authority: {pki}/ca.crt
users:
- name: {name}
  user:
    client-certificate: {pki}/{name}.crt
    client-key: {pki}/{name}.key
contexts:
- name: asya
  context:
    cluster: asya
    user: {name}
current-context: asya
"""


def make_certificates(place: Place) -> Path:
    """Make everything that is missing, and return its folder."""
    pki = place.folder / "pki"
    if not (pki / "ca.crt").exists():
        _run(pki, "req", "-x509", *_new("ca"), "-subj", "/CN=asya", "-days", "3650", "-out", "ca.crt")
        _run(pki, "genrsa", "-out", "accounts.key", "2048")
        _run(pki, "rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
    addresses = ("127.0.0.1", NODE, API_SERVICE)
    alternatives = ",".join([*(f"DNS:{name}" for name in _API_NAMES), *(f"IP:{each}" for each in addresses)])
    _certify(pki, "apiserver", "/CN=kube-apiserver", alternatives)
    _certify(pki, "front-proxy", "/CN=front-proxy-client", "DNS:front-proxy-client")
    for name, subject in _SUBJECTS.items():
        _certify(pki, name, subject, f"DNS:{NODE_NAME},IP:{NODE},IP:127.0.0.1")
        text = _KUBECONFIG.format(node=NODE, port=API_PORT, pki=pki, name=name)
        (place.folder / "kubeconfig" / name).write_text(text, encoding="utf-8")
    return pki


def _certify(pki: Path, name: str, subject: str, alternatives: str) -> None:
    if (pki / f"{name}.crt").exists():
        return
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", f"subjectAltName={alternatives}")
    usage = ("-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", "basicConstraints=CA:FALSE")
    _run(pki, "req", "-x509", *_new(name), "-subj", subject, *signed, *usage, "-days", "3650", "-out", f"{name}.crt")


def _new(name: str) -> tuple[str, ...]:
    return "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key"


def _run(pki: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=pki, check=True, capture_output=True)
