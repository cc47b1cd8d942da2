"""The files of a snapshot as a whole."""

import json

from gwctl.edge.render import PolicyFiles, render_bootstrap, render_policy
from unit.edge.golden import SECRETS, example
from unit.edge.program import SETTINGS


def files() -> PolicyFiles:
    return render_policy(example(), SETTINGS, SECRETS)


def test_the_same_snapshot_gives_the_same_bytes():
    assert files() == files()


def test_each_file_carries_the_snapshots_label():
    built = files()

    for content in (built.clusters, built.policy, *built.secrets.values()):
        assert json.loads(content)["version_info"] == built.version == example().label


def test_secrets_are_in_the_file_of_secrets_alone():
    built = files()
    others = [built.clusters, built.policy, json.dumps(render_bootstrap(SETTINGS)).encode(), repr(built).encode()]

    for fields in SECRETS.values():
        for value in fields.values():
            assert value.encode() in b"".join(built.secrets.values())
            assert not [text for text in others if value.encode() in text]


def test_the_file_of_secrets_is_where_the_bootstrap_looks():
    [name] = files().secrets

    assert str(SETTINGS.secrets_dir / name) in json.dumps(render_bootstrap(SETTINGS))


def test_providers_without_a_key_are_named():
    assert render_policy(example(), SETTINGS, {}).missing_secrets == ("anthropic", "bedrock-eu", "openai")
    assert files().missing_secrets == ()
