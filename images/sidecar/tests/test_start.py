import os
import signal
import subprocess
import sys

SLOW_IMPORT = "import sys; print('importing', flush=True); sys.stdin.read()"


def test_a_signal_is_heard_before_everything_is_imported(tmp_path):
    (tmp_path / "uvloop.py").write_text(SLOW_IMPORT)
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    with subprocess.Popen(
        [sys.executable, "-m", "asya_sidecar"],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"importing\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 128 + signal.SIGTERM
