import pytest

from byheart.errors import ByheartError, ConfigError, InputError, UnsafeError
from byheart.models.endpoint.address import read_address
from byheart.models.endpoint.cost import PROBE_REQUESTS, PROBE_TOKENS, Cost, Price, Work, cost
from byheart.models.endpoint.key import key_from_environment
from byheart.models.endpoint.limits import Limits

KEY = "sk-0123456789abcdef"


def test_an_address_has_a_base_and_a_name() -> None:
    address = read_address("http://localhost:8000/v1/#org/name")
    assert (address.base, address.model) == ("http://localhost:8000/v1", "org/name")
    assert read_address("https://api.example.com/v1").model == ""


@pytest.mark.parametrize(
    "spec",
    [
        "http://",
        "ftp://host/v1",
        "http://user:secret@host/v1",
        "http://host:99999/v1",
        "http://host/v1?key=secret",
        "http://host:0/v1",
        "http://[::1/v1",
        "http:///v1#name",
        "host:8000",
    ],
)
def test_an_ill_formed_address_is_refused_and_its_secrets_are_not_repeated(spec: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_address(spec)
    assert "secret" not in str(caught.value)
    assert "http://host:port/v1#name" in caught.value.next_step


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("10.0.0.7", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_what_stays_on_this_machine_is_known(host: str, is_here: bool) -> None:
    assert read_address(f"http://{host}:8000/v1").is_on_this_machine == is_here


@pytest.mark.parametrize(
    ("spec", "environment", "sent"),
    [
        ("http://127.0.0.1:1/v1", {}, None),
        ("http://127.0.0.1:1/v1", {"BYHEART_API_KEY": f" {KEY}\n"}, KEY),
        ("http://127.0.0.1:1/v1", {"OPENAI_API_KEY": KEY}, KEY),
        ("https://api.openai.com/v1", {"OPENAI_API_KEY": KEY}, KEY),
        ("https://api.openai.com/v1", {"OPENAI_API_KEY": KEY, "BYHEART_API_KEY": "own"}, "own"),
        ("https://api.example.com/v1", {"OPENAI_API_KEY": KEY}, None),
        ("https://notopenai.com/v1", {"OPENAI_API_KEY": KEY}, None),
        ("https://openai.com.example.com/v1", {"OPENAI_API_KEY": KEY}, None),
        ("https://api.example.com/v1", {"BYHEART_API_KEY": KEY}, KEY),
        ("http://10.0.0.7:8000/v1", {"OPENAI_API_KEY": KEY}, None),
    ],
)
def test_a_key_goes_only_to_whom_it_was_given_for(spec: str, environment: dict[str, str], sent: str | None) -> None:
    key = key_from_environment(read_address(spec), environment)
    assert key.headers() == ({} if sent is None else {"Authorization": f"Bearer {sent}"})


@pytest.mark.parametrize(
    ("spec", "value", "kind"),
    [
        ("http://10.0.0.7:8000/v1", KEY, UnsafeError),
        ("http://api.openai.com/v1", KEY, UnsafeError),
        ("https://host/v1", "sk-a\r\nX-Evil: 1", ConfigError),
        ("https://host/v1", "schlüssel", ConfigError),
    ],
)
def test_a_key_that_others_could_read_or_that_forges_headers_is_refused(
    spec: str, value: str, kind: type[ByheartError]
) -> None:
    with pytest.raises(kind) as caught:
        key_from_environment(read_address(spec), {"BYHEART_API_KEY": value})
    assert value not in str(caught.value)


def test_all_faults_of_limits_are_said_at_once() -> None:
    with pytest.raises(InputError, match=r"max_tries must be .* got 0; concurrency .* must be .* got -1"):
        Limits(max_tries=0, concurrency=-1)
    with pytest.raises(InputError, match="timeout_seconds"):
        Limits(timeout_seconds=float("nan"))


def test_the_cost_is_the_sum_of_its_parts() -> None:
    work = Work(num_scored_texts=10, scored_tokens=1000, num_prompts=4, prompt_tokens=128, written_tokens=256)
    price = Price(per_million_prompt_tokens=2.0, per_million_written_tokens=8.0)
    prompt = PROBE_TOKENS + (10 + 64) + 64 * 64 + 1000 + 4 + 128
    written = (10 + 64) + 256 + 256 // 4 + 4 * 4
    money = (prompt * 2.0 + written * 8.0) / 1e6
    assert cost(work, price) == Cost(
        requests=PROBE_REQUESTS + 64 + 10 + 4, prompt_tokens=prompt, written_tokens=written, money=money
    )
    assert cost(Work(num_prompts=3), Price()).requests == PROBE_REQUESTS + 3
    with pytest.raises(InputError, match=r"prompt_tokens .* got -1.0; .*written_tokens .* got inf"):
        Price(per_million_prompt_tokens=-1.0, per_million_written_tokens=float("inf"))
