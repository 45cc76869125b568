import pytest

from asya_cli.errors import CliError
from asya_cli.local.environment import Sources, expand
from asya_cli.local.manifests import Container, Variable

SOURCES = Sources(
    config_maps={"limits": {"MAX": "5", "MIN": "1"}},
    secrets={"api": {"key": "s3cret"}},
    fields={"metadata.name": "text-0"},
    secrets_at="/run/.asya/secrets",
)


def container(env=(), env_from=()):
    return Container("app", "image", ("python3",), tuple(env), tuple(env_from), (), {}, None, ())


def from_source(variable, kind, **reference):
    return Variable(variable, source={kind: reference})


def test_values_come_from_everywhere_kubernetes_takes_them_from():
    env, unread = SOURCES.variables(
        container(
            env=[
                Variable("PLAIN", "x"),
                from_source("FROM_MAP", "configMapKeyRef", name="limits", key="MAX"),
                from_source("FROM_SECRET", "secretKeyRef", name="api", key="key"),
                from_source("POD", "fieldRef", fieldPath="metadata.name"),
            ],
            env_from=[{"configMapRef": {"name": "limits"}, "prefix": "L_"}, {"secretRef": {"name": "api"}}],
        )
    )
    assert env == {
        "L_MAX": "5",
        "L_MIN": "1",
        "key": "s3cret",
        "PLAIN": "x",
        "FROM_MAP": "5",
        "FROM_SECRET": "s3cret",
        "POD": "text-0",
    }
    assert unread == []


def test_what_only_a_cluster_knows_is_left_out_and_named():
    fields = [
        from_source("NODE", "fieldRef", fieldPath="spec.nodeName"),
        from_source("MEMORY", "resourceFieldRef", resource="limits.memory"),
    ]
    assert SOURCES.variables(container(env=fields)) == ({}, ["env[NODE]", "env[MEMORY]"])


def test_a_missing_secret_is_an_error_that_names_the_file_to_write():
    with pytest.raises(CliError, match=r"wants token of Secret 'api'; .* file /run/\.asya/secrets/api/token"):
        SOURCES.variables(container(env=[from_source("T", "secretKeyRef", name="api", key="token")]))
    with pytest.raises(CliError, match=r"Secret 'other'; .*secrets/other/<key>"):
        SOURCES.variables(container(env_from=[{"secretRef": {"name": "other"}}]))


def test_a_missing_config_map_is_an_error():
    with pytest.raises(CliError, match="wants NONE of ConfigMap 'limits'; the chart does not render it"):
        SOURCES.variables(container(env=[from_source("X", "configMapKeyRef", name="limits", key="NONE")]))


def test_optional_references_may_be_missing():
    env, unread = SOURCES.variables(
        container(
            env=[from_source("T", "secretKeyRef", name="none", key="token", optional=True)],
            env_from=[{"configMapRef": {"name": "none", "optional": True}}],
        )
    )
    assert (env, unread) == ({}, ["env[T]"])


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(HOST):$(PORT)", "db:1"),
        ("$(MISSING)", "$(MISSING)"),
        ("$$(HOST)", "$(HOST)"),
        ("$HOST ${HOST} $", "$HOST ${HOST} $"),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text, expanded):
    assert expand(text, {"HOST": "db", "PORT": "1"}) == expanded


def test_a_variable_sees_only_those_above_it():
    env, _ = SOURCES.variables(container(env=[Variable("A", "$(B)"), Variable("B", "b"), Variable("C", "$(B)")]))
    assert env == {"A": "$(B)", "B": "b", "C": "b"}
