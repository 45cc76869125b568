"""The node: containerd with the plain bridge network, kubelet, kube-proxy."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cluster.certificates import NODE_NAME
from tests.cluster.images import PAUSE
from tests.cluster.place import BRIDGE, NODE, PODS, Place
from tests.cluster.processes import Processes, wait_until

_SOCKET_SECONDS = 20.0
_CONTAINERD = """\
version = 2
root = "{folder}/containerd"
state = "{folder}/run/containerd"
[grpc]
  address = "{folder}/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Without CAP_SYS_RESOURCE no process may lower its score, and runc would die in its first child.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"""


def socket(place: Place) -> Path:
    """Return where containerd listens."""
    return place.folder / "run" / "containerd.sock"


def start_containerd(place: Place, processes: Processes) -> None:
    """Start containerd and return once it listens. Raises TimeoutError."""
    (place.folder / "cni").mkdir(exist_ok=True)
    (place.folder / "cni" / "10-asya.conflist").write_text(json.dumps(_network(place)), encoding="utf-8")
    file = place.folder / "containerd.toml"
    file.write_text(_CONTAINERD.format(folder=place.folder, pause=PAUSE), encoding="utf-8")
    processes.start("containerd", ["containerd", "--config", file])
    wait_until(f"containerd (its words: {processes.log('containerd')})", socket(place).is_socket, _SOCKET_SECONDS)


def start_node(place: Place, processes: Processes, programs: Path, kubectl: list[str]) -> None:
    """Start kubelet and kube-proxy. The node is ready some seconds later."""
    file = place.folder / "kubelet.json"
    file.write_text(json.dumps(_kubelet(place)), encoding="utf-8")
    entry = f"--kubeconfig={place.folder}/kubeconfig/kubelet"
    identity = (f"--hostname-override={NODE_NAME}", f"--node-ip={NODE}", f"--root-dir={place.folder}/kubelet")
    processes.start("kubelet", [programs / "kubelet", f"--config={file}", entry, *identity])
    grant = ("create", "clusterrolebinding", "asya-kube-proxy", "--clusterrole=system:node-proxier")
    # Already there where the cluster was up before.
    subprocess.run([*kubectl, *grant, "--user=system:kube-proxy"], capture_output=True, check=False)
    entry = f"--kubeconfig={place.folder}/kubeconfig/proxy"
    # The limit on connections is the kernel's, which is not ours to set.
    options = ("--proxy-mode=iptables", f"--cluster-cidr={PODS}", "--conntrack-max-per-core=0")
    processes.start("kube-proxy", [programs / "kube-proxy", entry, f"--hostname-override={NODE_NAME}", *options])


def _network(place: Place) -> dict[str, object]:
    ranges = [[{"subnet": PODS, "rangeStart": "10.244.0.10"}]]
    addresses = {
        "type": "host-local",
        "dataDir": f"{place.folder}/run/addresses",
        "ranges": ranges,
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "hairpinMode": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "asya", "plugins": [bridge, ports]}


def _kubelet(place: Place) -> dict[str, object]:
    pki = place.folder / "pki"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
            "webhook": {"enabled": True},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [NODE],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{socket(place)}",
        "resolvConf": "",
        # Images came from files and could not be pulled again.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
        "tlsCertFile": f"{pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "syncFrequency": "10s",
        "oomScoreAdj": 0,
    }
