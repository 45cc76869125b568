"""The restricted profile of Kubernetes' Pod Security Standards, baseline included, as one function.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/, the policy of version 1.34.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]

VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
SECCOMP = {"RuntimeDefault", "Localhost"}
APPARMOR = {"RuntimeDefault", "Localhost"}
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
}  # fmt: skip


def violations(pod: Object) -> list[str]:
    """What a pod's spec has that the restricted profile forbids, or lacks that it demands."""
    return [*_pod(pod), *(f"{one['name']}: {what}" for one in _containers(pod) for what in _container(one, pod))]


def _containers(pod: Object) -> list[Object]:
    kinds = ("containers", "initContainers", "ephemeralContainers")
    return [container for kind in kinds for container in pod.get(kind) or []]


def _pod(pod: Object) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield field
    for volume in pod.get("volumes") or []:
        kind = next((key for key in volume if key != "name"), "emptyDir")
        if kind not in VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    context = pod.get("securityContext") or {}
    yield from _shared(context)
    for sysctl in context.get("sysctls") or []:
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"


def _container(container: Object, pod: Object) -> Iterator[str]:
    context = container.get("securityContext") or {}
    of_pod = pod.get("securityContext") or {}
    yield from _shared(context)
    yield from _privileges(context)
    if not context.get("runAsNonRoot", of_pod.get("runAsNonRoot")):
        yield "runAsNonRoot is not true"
    if (context.get("seccompProfile") or of_pod.get("seccompProfile") or {}).get("type") not in SECCOMP:
        yield "no seccomp profile"
    for port in container.get("ports") or []:
        if port.get("hostPort"):
            yield f"hostPort {port['hostPort']}"
    for hook in (container.get("lifecycle") or {}).values():
        if _host(hook):
            yield "a lifecycle hook names a host"
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if _host(container.get(probe) or {}):
            yield f"{probe} names a host"


def _privileges(context: Object) -> Iterator[str]:
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        yield "capabilities are not dropped"
    for added in set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield f"capability {added}"
    if context.get("procMount", "Default") != "Default":
        yield f"procMount {context['procMount']}"


def _shared(context: Object) -> Iterator[str]:
    """What may not stand in the security context of a pod or of a container."""
    if context.get("runAsUser") == 0:
        yield "runAsUser 0"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot false"
    if "seccompProfile" in context and context["seccompProfile"].get("type") not in SECCOMP:
        yield f"seccomp profile {context['seccompProfile'].get('type')}"
    if "appArmorProfile" in context and context["appArmorProfile"].get("type") not in APPARMOR:
        yield f"AppArmor profile {context['appArmorProfile'].get('type')}"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "hostProcess"
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("type", "") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"


def _host(action: Object) -> bool:
    return any((action.get(kind) or {}).get("host") for kind in ("httpGet", "tcpSocket"))
