"""etcd, the API server, the controllers, the scheduler and the cluster's DNS."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cluster.place import API_PORT, NODE, SERVICES, Place, inside
from tests.cluster.processes import Processes, wait_until

_READY_SECONDS = 60.0
_ETCD = "http://127.0.0.1:2379"
_ETCD_PEERS = "http://127.0.0.1:2380"
_COREFILE = """\
.:53 {{
  bind {node}
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {kubeconfig}
    pods insecure
  }}
}}
"""


def start_control_plane(place: Place, processes: Processes, programs: Path, coredns: Path) -> None:
    """Start everything, and return once the API server serves. Raises TimeoutError."""
    processes.start("etcd", _etcd(place))
    processes.start("apiserver", [programs / "kube-apiserver", *_api_server(place.folder / "pki")])
    kubectl = inside(programs / "kubectl", "--kubeconfig", place.kubeconfig, "get", "--raw", "/readyz")
    wait_until(
        f"the API server (its words: {processes.log('apiserver')})",
        lambda: subprocess.run(kubectl, capture_output=True, check=False).returncode == 0,
        _READY_SECONDS,
    )
    processes.start("controller-manager", [programs / "kube-controller-manager", *_controllers(place)])
    processes.start("scheduler", [programs / "kube-scheduler", *_entry(place, "scheduler"), "--leader-elect=false"])
    corefile = place.folder / "Corefile"
    corefile.write_text(_COREFILE.format(node=NODE, kubeconfig=place.kubeconfig), encoding="utf-8")
    processes.start("coredns", [coredns, "-conf", corefile])


def _etcd(place: Place) -> list[str]:
    urls = ("--listen-client-urls", _ETCD, "--advertise-client-urls", _ETCD, "--listen-peer-urls", _ETCD_PEERS)
    # What is lost with this machine's power is a test.
    return ["etcd", "--data-dir", str(place.folder / "etcd"), *urls, "--unsafe-no-fsync"]


def _api_server(pki: Path) -> list[str]:
    options = {
        "etcd-servers": _ETCD,
        "advertise-address": NODE,
        "secure-port": API_PORT,
        "service-cluster-ip-range": SERVICES,
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "client-ca-file": pki / "ca.crt",
        "tls-cert-file": pki / "apiserver.crt",
        "tls-private-key-file": pki / "apiserver.key",
        "kubelet-client-certificate": pki / "admin.crt",
        "kubelet-client-key": pki / "admin.key",
        # Else logs and exec look for the node by its name, which no DNS has.
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": pki / "accounts.pub",
        "service-account-signing-key-file": pki / "accounts.key",
        # From here on for KEDA's metrics API, which the API server fronts.
        "requestheader-client-ca-file": pki / "ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "proxy-client-cert-file": pki / "front-proxy.crt",
        "proxy-client-key-file": pki / "front-proxy.key",
        "enable-aggregator-routing": "true",
    }
    return [f"--{name}={value}" for name, value in options.items()]


def _controllers(place: Place) -> list[str]:
    pki = place.folder / "pki"
    options = {
        "root-ca-file": pki / "ca.crt",
        "service-account-private-key-file": pki / "accounts.key",
        "cluster-signing-cert-file": pki / "ca.crt",
        "cluster-signing-key-file": pki / "ca.key",
        "use-service-account-credentials": "true",
        "leader-elect": "false",
        "horizontal-pod-autoscaler-sync-period": "5s",
    }
    return [*_entry(place, "controller-manager"), *(f"--{name}={value}" for name, value in options.items())]


def _entry(place: Place, name: str) -> list[str]:
    file = place.folder / "kubeconfig" / name
    return [f"--{option}={file}" for option in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")]
