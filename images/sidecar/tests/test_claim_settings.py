from pathlib import Path

import pytest

from asya_core.errors import SettingsError
from asya_sidecar.claim_settings import ClaimSettings
from asya_sidecar.claims import open_claims
from asya_sidecar.metrics import Metrics
from asya_sidecar.settings import likely_mistakes
from images.sidecar.tests.bench import settings_for


def claims_of(folder, **environ):
    return settings_for(folder, **environ).claims


def test_nothing_is_stored_unless_a_url_is_set(folder):
    assert claims_of(folder) is None
    assert claims_of(folder, ASYA_CLAIM_CHECK_URL="", ASYA_CLAIM_CHECK_THRESHOLD="1") is None
    assert open_claims(None, Metrics("a", "memory")) is None


def test_a_url_is_enough(folder):
    assert claims_of(folder, ASYA_CLAIM_CHECK_URL="s3://bucket/team") == ClaimSettings(
        "s3://bucket/team", "payloads-asya/", 65536, Path("/var/run/secrets/asya-claim-check")
    )


def test_everything_else_can_be_set(folder):
    settings = claims_of(
        folder,
        ASYA_CLAIM_CHECK_URL="gs://bucket",
        ASYA_CLAIM_CHECK_PREFIX="team/a",
        ASYA_CLAIM_CHECK_THRESHOLD="1000",
        ASYA_CLAIM_CHECK_SECRETS_DIR="/run/secrets",
    )
    assert settings == ClaimSettings("gs://bucket", "team/a/", 1000, Path("/run/secrets"))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ASYA_CLAIM_CHECK_URL", "bucket", "is no plain URL of a store"),
        ("ASYA_CLAIM_CHECK_PREFIX", "../results", "is no prefix for keys"),
        ("ASYA_CLAIM_CHECK_PREFIX", "", "is no prefix for keys"),
        ("ASYA_CLAIM_CHECK_THRESHOLD", "64Ki", "is no number of bytes above 0; write digits alone"),
        ("ASYA_CLAIM_CHECK_THRESHOLD", "0", "is no number of bytes above 0"),
    ],
)
def test_what_can_not_be_is_named_with_its_variable(folder, name, value, words):
    with pytest.raises(SettingsError) as caught:
        settings_for(folder, **{"ASYA_CLAIM_CHECK_URL": "s3://bucket", name: value})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name}: ")
    assert words in problem


def test_a_misspelt_variable_is_named():
    (sentence,) = likely_mistakes({"ASYA_CLAIM_CHECK_TRESHOLD": "1"})
    assert "is ASYA_CLAIM_CHECK_THRESHOLD meant?" in sentence


def test_credentials_are_files_named_like_the_variables_of_the_cloud(folder):
    secret = folder / "secret"
    (secret / "..data").mkdir(parents=True)
    (secret / "AWS_ACCESS_KEY_ID").write_text("me\n")
    (secret / ".hidden").write_text("no")
    settings = ClaimSettings("s3://bucket", "a/", 1, secret)
    assert settings.credentials() == {"AWS_ACCESS_KEY_ID": "me"}
    assert ClaimSettings("s3://bucket", "a/", 1, folder / "absent").credentials() == {}


@pytest.mark.parametrize(
    ("url", "files", "words"),
    [
        ("ftp://host", {}, "its URL begins with one of file://, s3://, gs://, az://"),
        ("s3://bucket", {"AWS_SECRET_KEY": "x"}, "'aws_secret_key' is not valid for store 'S3'"),
        ("s3://bucket", {"AWS_ACCESS_KEY_ID": b"\xff"}, "codec can't decode"),
        ("file:///dev/null/x", {}, "Not a directory"),
        ("file:///not/mounted", {}, "No such file or directory"),
    ],
)
def test_a_store_that_can_not_be_opened_is_a_bad_setting(folder, url, files, words):
    for name, content in files.items():
        folder.joinpath(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError, match=r"^ASYA_CLAIM_CHECK_URL: ") as caught:
        open_claims(ClaimSettings(url, "a/", 1, folder), Metrics("a", "memory"))
    assert words in str(caught.value)
