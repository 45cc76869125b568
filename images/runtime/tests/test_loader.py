"""Finding the handler, and the ways in which that fails."""

from __future__ import annotations

import pytest

from asya_runtime.errors import EXIT_HANDLER, StartError


@pytest.fixture
def failure(load):
    def load_in_vain(path):
        with pytest.raises(StartError) as caught:
            load(path)
        assert caught.value.exit_code == EXIT_HANDLER
        return caught.value

    return load_in_vain


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("functions.echo", b"{}"),
        ("classes.Counter.static", b'"static"'),
        ("classes.Counter.named", b'{"class":"Counter"}'),
        ("classes.Outer.Inner.process", b'"inner"'),
        ("classes.an_object", b'"called"'),
        ("classes.an_object.method", b'"method of an object"'),
        ("classes.an_async_object", b'"called later"'),
        ("package.process", b'"the function"'),
        ("package.model", b'"the function"'),
        ("package.process.other", b'"the other function"'),
        ("asya_runtime.echo.process", b"{}"),
        ("coroutines.Session.process", b"true"),
    ],
)
def test_the_path_leads_to_the_handler(load, path, expected):
    assert load(path).invoke(b"{}") == [expected]


def test_a_class_is_built_once(load, capsys):
    handler = load("classes.Counter.process", START="10")

    assert [handler.invoke(b"null")[0][:11] for _ in range(3)] == [b'{"value":11', b'{"value":12', b'{"value":13']
    assert capsys.readouterr().out == "built with 10 1\n"


@pytest.mark.parametrize(
    "path",
    ["process", "", ".", "a..b", "my-module.process", "module.process()", "a.1", "a.class", "a/b.process", "module. f"],
)
def test_a_path_of_another_form_is_told(failure, path):
    error = failure(path)

    assert error.code == "handler_malformed"
    assert error.message == f'the handler "{path}" is not of the form module.function or module.Class.method'


def test_a_colon_gets_a_hint(failure):
    assert failure("module:process").message.endswith('; did you mean "module.process"?')


def test_a_missing_module_is_told_with_the_places_that_were_looked_at(failure, handlers):
    error = failure("no_such_module.process")

    assert error.code == "handler_module_not_found"
    assert error.message.startswith('no module named "no_such_module"; Python looked in ')
    assert str(handlers) in error.message
    assert error.traceback == ""


def test_a_module_that_is_hidden_by_one_of_python_is_told(failure, handlers):
    error = failure("keyword.process")

    assert error.code == "handler_module_hidden"
    assert error.message == (
        f'"keyword" ({handlers}/keyword.py) has the name of a module that Python itself has loaded; rename it'
    )


def test_an_import_that_fails_for_another_module_shows_the_users_traceback(failure, handlers):
    error = failure("failing_import.process")

    assert error.code == "handler_import_failed"
    assert error.message == (
        'importing the module "failing_import" failed: ModuleNotFoundError: '
        "No module named 'a_module_that_nobody_has'"
    )
    first, *lines = error.traceback.splitlines()
    assert first == "Traceback (most recent call last):"
    assert lines == [
        f'  File "{handlers}/failing_import.py", line 3, in <module>',
        "    import a_module_that_nobody_has",
        "ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    ]


def test_an_import_that_fails_in_the_users_code_shows_the_users_frames_alone(failure):
    error = failure("failing_code.process")

    assert error.code == "handler_import_failed"
    assert error.message == 'importing the module "failing_code" failed: ZeroDivisionError: no model'
    frames = [line for line in error.traceback.splitlines() if line.startswith("  File")]
    assert [frame.split(", ")[2] for frame in frames] == ["in <module>", "in load"]
    assert "asya_runtime" not in error.traceback
    assert "importlib" not in error.traceback


def test_an_import_that_ends_the_process_is_told(failure):
    error = failure("leaving_import.process")

    assert error.code == "handler_import_failed"
    assert error.message == 'importing the module "leaving_import" failed: SystemExit: nothing to do'


def test_a_failing_import_of_an_inner_module_is_told(failure):
    assert failure("package.broken.process").message == (
        'importing the module "package.broken" failed: ImportError: half installed'
    )


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("functions.ecko", '"functions" ({0}/functions.py) has no "ecko"; did you mean "echo"?'),
        ("functions.zzz", '"functions" ({0}/functions.py) has no "zzz"'),
        ("classes.Counter.proces", '"classes.Counter" has no "proces"; did you mean "process"?'),
        ("classes.Missing.process", '"classes" ({0}/classes.py) has no "Missing"'),
        ("package.nothing.process", '"package" ({0}/package/__init__.py) has no "nothing"'),
    ],
)
def test_a_missing_name_is_told_with_the_nearest(failure, handlers, path, sentence):
    error = failure(path)

    assert error.code == "handler_attribute_missing"
    assert error.message == sentence.format(handlers)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("functions.NUMBER", "is of type int, which can't be called"),
        ("classes.Counter.number", "is of type int, which can't be called"),
        ("classes.Counter", "is a class; name one of its methods: classes.Counter.method"),
        ("functions.os", "is a module; name a function in it: functions.os.function"),
    ],
)
def test_what_is_not_callable_is_told(failure, path, sentence):
    error = failure(path)

    assert error.code == "handler_not_callable"
    assert error.message == f'"{path}" {sentence}'


@pytest.mark.parametrize(
    ("path", "signature"), [("functions.two", "(payload, other)"), ("functions.no_parameter", "()")]
)
def test_a_handler_of_another_number_of_arguments_is_told(failure, path, signature):
    error = failure(path)

    assert error.code == "handler_arguments"
    assert error.message == f'"{path}" must take one argument, the message; its signature is {signature}'


def test_parameters_without_a_default_are_told_by_name(failure):
    error = failure("classes.Needy.process")

    assert error.code == "parameter_without_default"
    assert error.message.startswith("__init__ of Needy has parameters without a default: model_path, device; ")


def test_a_constructor_that_raises_shows_the_users_traceback(failure):
    error = failure("classes.Broken.process")

    assert error.code == "constructor_failed"
    assert error.message == "building Broken failed: ValueError: no model there"
    assert error.traceback.splitlines()[1].endswith("in __init__")
    assert "asya_runtime" not in error.traceback


def test_a_constructor_that_ends_the_process_is_told(failure):
    assert failure("classes.Leaving.process").message == "building Leaving failed: SystemExit: 2"
