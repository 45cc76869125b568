"""Hooks of the whole test run: what could not be run here is named at the end, with its remedy."""

import importlib.util
import os

pytest_plugins = ["tools.needs", "pytester"]

# The environments that test the runtime on older Pythons do without it.
if importlib.util.find_spec("hypothesis") is not None:
    import hypothesis

    # Machines are noisy, so no test is judged by its time; on CI, the same commit tries the same examples.
    hypothesis.settings.register_profile(
        "asya",
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("asya")
