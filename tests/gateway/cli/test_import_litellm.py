from pathlib import Path

from gateway.config import load
from tests.gateway.cli.commands import Commands

LITELLM = """\
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY, rpm: 100}
  - model_name: local
    litellm_params: &local {model: hosted_vllm/qwen, api_base: "http://127.0.0.1:8000/v1"}
    model_info: {input_cost_per_token: 0, output_cost_per_token: 0}
  - {model_name: again, litellm_params: *local}
router_settings: {fallbacks: [{gpt-4o-mini: [local]}], num_retries: 1, timeout: 30}
guardrails:
  - guardrail_name: pii
    litellm_params:
      {guardrail: presidio, mode: pre_call, default_on: true, pii_entities_config: {EMAIL_ADDRESS: BLOCK}}
general_settings: {master_key: sk-the-master}
"""


def test_the_written_file_is_one_that_the_gateway_takes_and_what_is_lost_is_told(tmp_path: Path) -> None:
    source, output = tmp_path / "config.yaml", tmp_path / "new.yaml"
    source.write_text(LITELLM)
    said = Commands(tmp_path).bare("import-litellm", str(source), "-o", str(output)).output
    config = load(output, environ={"OPENAI_API_KEY": "secret"})
    assert [model.name for model in config.models] == ["gpt-4o-mini", "local", "again"]
    assert config.models[0].fallbacks == ("local",)
    assert config.models[0].retries.attempts_max == 2
    assert config.upstreams[1].private_addresses
    (default,) = [profile for profile in config.profiles if profile.name == "default"]
    assert (default.guards.request["email"], default.guards.request["card"]) == ("block", "tokenize")
    assert "wrote" in said
    assert "2 upstreams, 3 models" in said
    assert "not carried over (2):\n  general_settings.master_key: " in said
    assert "model_list[0].litellm_params.rpm: " in said
    assert "sk-the-master" not in said + output.read_text()


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    before = commands.path.read_text()
    source = tmp_path / "config.yaml"
    source.write_text(LITELLM)
    said = commands.bare("import-litellm", str(source), "-o", str(commands.path), code=1).output
    assert "left as it is" in said
    assert commands.path.read_text() == before


def test_what_is_no_configuration_is_refused_with_a_sentence(tmp_path: Path) -> None:
    source, output = tmp_path / "config.yaml", tmp_path / "new.yaml"
    for text, sentence in (
        ("[1]", "must be a mapping"),
        ("a: [", "is not YAML"),
        ("[" * 5_000, "is not YAML"),
        ("model_list: [{model_name: m, litellm_params: {model: 'openai/a b'}}]", "nothing was written"),
        ("#" * (5 << 20), "longer than"),
    ):
        source.write_text(text)
        assert sentence in Commands(tmp_path).bare("import-litellm", str(source), "-o", str(output), code=1).output
    assert not output.exists()
