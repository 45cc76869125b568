import pytest

from tools import prepare

MISSING = """
def test_one(need):
    need.missing("no broker is here", remedy="install a broker", expected_on_ci=True)
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test file with the plugin, in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(prepare.ROOT))
    monkeypatch.delenv("CI", raising=False)
    pytester.makeini("[pytest]\nmarkers = needs(*names): what it needs\nxfail_strict = true")

    def run(source, *options, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess(
            "-p", "tools.needs", "-p", "no:asyncio", "-p", "no:cacheprovider", *options
        )

    return run


def test_what_is_missing_is_named_at_the_end_with_its_remedy(run):
    result = run(MISSING)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["not run here: 1 test: no broker is here; remedy: install a broker"])


def test_what_is_missing_is_named_too_where_several_processes_share_the_tests(run):
    result = run(MISSING, "-n", "2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["not run here: 1 test: no broker is here; remedy: install a broker"])


def test_tests_that_miss_the_same_thing_are_counted_together(run):
    result = run(
        """
        import pytest

        @pytest.fixture(scope="session")
        def broker(need):
            need.missing("no broker is here", remedy="install a broker")

        def test_one(broker): ...
        def test_two(broker): ...
        """
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["not run here: 2 tests: no broker is here; remedy: install a broker"])


def test_a_whole_module_can_say_what_it_misses(run):
    result = run("from tools.needs import Need\nNeed().missing('no engine', remedy='start it')\ndef test_one(): ...")
    result.stdout.fnmatch_lines(["not run here: 1 test: no engine; remedy: start it"])


def test_a_skip_without_a_remedy_fails_the_run(run):
    result = run("import pytest\n@pytest.mark.skip(reason='flaky')\ndef test_one(): ...\ndef test_two(): ...")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["error: skipped without a remedy on record*test_one: flaky"])


def test_an_expected_failure_fails_the_run(run):
    result = run("import pytest\n@pytest.mark.xfail\ndef test_one(): assert False\ndef test_two(): ...")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["error: skipped without a remedy on record*test_one: expected to fail"])


def test_on_ci_a_missing_thing_that_it_should_have_fails(run):
    result = run(MISSING, CI="true")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*a CI machine must have this: no broker is here; remedy: install a broker*"])


def test_a_program_that_is_here_is_given_by_its_path(run):
    result = run("def test_one(need): assert need('helm').is_file()")
    result.assert_outcomes(passed=1)


def test_a_program_that_is_not_here_skips_by_marker_too(run, tmp_path):
    result = run("import pytest\n@pytest.mark.needs('buildah')\ndef test_one(): ...", PATH=str(tmp_path))
    assert result.ret == 0
    result.stdout.fnmatch_lines(["not run here: 1 test: buildah is neither*; remedy: install buildah*"])


def test_a_run_in_which_nothing_is_missing_has_no_last_word(run):
    result = run("def test_one(): ...")
    result.stdout.no_fnmatch_line("not run here*")
