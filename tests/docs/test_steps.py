import pytest

from tests.docs.steps import Command, File, matches, read_steps

PAGE = """# Page

```python title="a.py"
x = 1
```

```console
$ one --flag
out
$ two
```
"""


def test_files_and_commands_come_in_the_pages_order():
    assert list(read_steps(PAGE)) == [File("a.py", "x = 1\n"), Command("one --flag", "out\n"), Command("two", "")]


@pytest.mark.parametrize("page", ["```sh\nls\n```\n", "```console\noutput\n$ ls\n```\n", "```\nls\n```\n"])
def test_nothing_that_is_shown_may_go_untried(page):
    with pytest.raises(ValueError, match=r"a block|output without"):
        list(read_steps(page))


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("", ""),
        ("a\nb\n", "a\nb\n"),
        ("id … ends\n", "id 123-45 ends\n"),
        ("a\n…\nz\n", "a\nz\n"),
        ("a\n…\nz\n", "a\nb\nc\nz\n"),
        ("…\n", "whatever\nthere is\n"),
        ("a.b\n", "a.b   \n"),
    ],
)
def test_output_as_shown_matches(shown, printed):
    assert matches(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("", "more\n"),
        ("a\n", ""),
        ("a\n", "a\nb\n"),
        ("a.b\n", "axb\n"),
        ("a … z\n", "a b\nc z\n"),
        ("a\n…\nz\n", "z\na\n"),
    ],
)
def test_other_output_does_not(shown, printed):
    assert not matches(shown, printed)


@pytest.mark.parametrize(("shown", "fails"), [("fine\n", False), ("no error: here\n", False), ("x\nerror: y\n", True)])
def test_a_shown_error_is_an_expected_failure(shown, fails):
    assert Command("x", shown).fails is fails
