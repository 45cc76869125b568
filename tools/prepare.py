"""Make `.cache/venv`, the environment in which every `make` target runs.

Standard library only and run by the system's Python, which it leaves as it is: pip, in an environment of ours, installs
uv from `requirements/bootstrap.txt`, and uv fills `.cache/venv` from `requirements/dev.txt`. Both check every hash. The
project is installed editable. A stamp is written last, so an interrupted run is never taken for a finished one.
"""

import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
BOOTSTRAP = CACHE / "bootstrap"
VENV = CACHE / "venv"
MINIMUM = (3, 11)
STAMP = ".ready"
# pip's setting -> uv's variable: a package index that is configured only for pip is used by uv, too.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
}


class PreparationError(Exception):
    """Preparation can't go on; the message says what, why and what to do."""


def fingerprint(files: Iterable[Path], *, python: str = sys.version) -> str:
    """Return one hash over the interpreter's version and the content of `files`, in their order."""
    digest = hashlib.sha256(python.encode())
    for file in files:
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def is_ready(environment: Path, wanted: str) -> bool:
    """Say whether `environment` was finished for the fingerprint `wanted`."""
    try:
        return (environment / STAMP).read_text(encoding="utf-8") == wanted
    except OSError:
        return False


@contextmanager
def building(environment: Path, wanted: str) -> Iterator[None]:
    """Take the stamp away while `environment` is built and put it back, whole, only if the build ends well."""
    stamp = environment / STAMP
    stamp.unlink(missing_ok=True)
    yield
    temporary = stamp.with_suffix(".new")
    temporary.write_text(wanted, encoding="utf-8")
    temporary.replace(stamp)


def uv_settings(pip_config: str) -> dict[str, str]:
    """Translate the lines of `pip config list` into uv's variables; pip's last word on a setting wins."""
    settings = {}
    for line in pip_config.splitlines():
        key, separator, value = line.partition("=")
        name = key.rpartition(".")[2].replace("_", "-")
        if separator and name in PIP_TO_UV:
            settings[PIP_TO_UV[name]] = value.strip().strip("'\"").replace("\\n", " ").strip()
    return settings


def uv_environment(base: Mapping[str, str], pip_config: str) -> dict[str, str]:
    """Return `base` with what uv needs: our cache, no Python of its own, the system's certificates, pip's index."""
    paths = ssl.get_default_verify_paths()
    ours = {"UV_CACHE_DIR": str(CACHE / "uv"), "UV_PYTHON_DOWNLOADS": "never"}
    if paths.cafile or paths.capath:
        ours["UV_SYSTEM_CERTS"] = "1"
    return {**base, **{key: value for key, value in uv_settings(pip_config).items() if key not in base}, **ours}


def run(*command: str | Path, env: Mapping[str, str]) -> str:
    """Run a program and return what it printed; its own words are in the error when it fails."""
    result = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        words = " ".join(str(part) for part in command)
        raise PreparationError(f"{words} ended with {result.returncode}:\n{result.stderr or result.stdout}".rstrip())
    return result.stdout


def ask_pip(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which to run uv, with what pip on this machine is told about indexes."""
    return uv_environment(env, run(BOOTSTRAP / "bin" / "python", "-m", "pip", "config", "list", env=env))


def make_bootstrap(env: Mapping[str, str]) -> None:
    """Make the small environment that holds pip and uv, once for each pinned uv."""
    pins = ROOT / "requirements" / "bootstrap.txt"
    wanted = fingerprint([pins])
    if is_ready(BOOTSTRAP, wanted):
        return
    print("preparing: uv", flush=True)
    shutil.rmtree(BOOTSTRAP, ignore_errors=True)
    try:
        venv.create(BOOTSTRAP, with_pip=True)
    except (subprocess.CalledProcessError, ImportError) as error:
        raise PreparationError(
            f"{sys.executable} can't make an environment with pip in it ({error}); "
            "install its venv module (on Debian: apt-get install python3-venv)"
        ) from error
    with building(BOOTSTRAP, wanted):
        python = BOOTSTRAP / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--require-hashes", "-r", pins, env=env)


def make_venv(base: Mapping[str, str]) -> None:
    """Fill `.cache/venv` with the pinned packages and the project itself."""
    pins = ROOT / "requirements" / "dev.txt"
    wanted = fingerprint([pins, ROOT / "pyproject.toml", Path(__file__)])
    if is_ready(VENV, wanted):
        return
    print("preparing: .cache/venv from requirements/dev.txt", flush=True)
    env, uv, python = ask_pip(base), BOOTSTRAP / "bin" / "uv", VENV / "bin" / "python"
    if not (VENV / STAMP).exists():
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV, env=env)
    with building(VENV, wanted):
        run(uv, "pip", "sync", "--quiet", "--require-hashes", "--no-build", "--python", python, pins, env=env)
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--offline", "--python", python)
        run(uv, "pip", "install", *options, "--editable", ROOT, env=env)


def prepare(*, bootstrap_only: bool = False) -> None:
    """Make both environments, one preparation at a time; `make lock` needs only the first.

    Raises:
        PreparationError: Python is too old, a package can't be had, or a hash differs.
    """
    if sys.version_info < MINIMUM:
        raise PreparationError(f"this is Python {sys.version.split()[0]}; set PYTHON to 3.11 or newer and try again")
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        env = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
        make_bootstrap(env)
        if not bootstrap_only:
            make_venv(env)


def main() -> int:
    """Prepare; print one error and return 1 when that can't be done."""
    try:
        prepare(bootstrap_only="--bootstrap-only" in sys.argv[1:])
    except PreparationError as error:
        print(f"error: the environment could not be prepared; {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
