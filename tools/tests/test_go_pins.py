"""What is carried over from the go.mod of a module whose programs are built."""

from tools.go_pins import go_mod, replacements
from tools.go_tools import PACKAGES, SOURCES, version_flags

THEIRS = """\
module example.com/operator

go 1.24.0

require example.com/library v1.0.0

replace (
	// as nobody else has mended it
	example.com/library => example.com/mended v1.0.1
	example.com/inner => ./inner
)

replace example.com/single => example.com/other v2.0.0
"""
KUBERNETES = """\
go 1.24.0
require (
	k8s.io/api v0.0.0
	k8s.io/kube-openapi v0.0.0-20250710124328-f3f2b991d03b
	k8s.io/utils v0.0.0
)
"""


def test_replace_lines_are_carried_over_but_for_folders():
    assert list(replacements("example.com/operator", "v1.2.3", THEIRS)) == [
        "example.com/library => example.com/mended v1.0.1",
        "example.com/single => example.com/other v2.0.0",
    ]


def test_staging_modules_of_kubernetes_are_those_of_its_own_version():
    found = list(replacements("k8s.io/kubernetes", "v1.34.4", KUBERNETES))
    assert found == ["k8s.io/api => k8s.io/api v0.34.4", "k8s.io/utils => k8s.io/utils v0.34.4"]


def test_a_go_mod_names_the_programs_and_keeps_the_modules_go():
    text = go_mod("operator", "example.com/operator", "v1.2.3", ["example.com/operator/cmd"], THEIRS)
    assert text.startswith("module asya.tools/operator\n\ngo 1.24.0\n\ntool example.com/operator/cmd\n")
    assert "require example.com/operator v1.2.3\n" in text


def test_every_program_has_its_pins():
    assert {name for name in PACKAGES if (SOURCES / name / "go.sum").is_file()} == set(PACKAGES)


def test_kubernetes_is_told_its_version_and_others_are_not():
    assert "-X k8s.io/component-base/version.gitVersion=v1.34.4" in list(
        version_flags("kubernetes", SOURCES / "kubernetes")
    )
    assert list(version_flags("coredns", SOURCES / "coredns")) == []
