import base64
import hashlib
import time
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet, OctKey, RSAKey

from service.access.oidc import WELL_KNOWN, Provider
from service.access.principal import Role
from service.access_errors import ProviderRefused, ProviderUnavailable
from tests.service.access.providers import QUIET, Running, running

pytestmark = pytest.mark.filterwarnings(QUIET)

BACK = "http://localhost/sign-in/callback"
TOKEN = "/oauth2/token"


@pytest.fixture
def at() -> Iterator[Running]:
    with running() as made:
        yield made


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def changed(address: str, **changes: str) -> str:
    return f"{address.partition('?')[0]}?{urlencode(query(address) | changes)}"


def refused(at: Running, provider: Provider, secret: str, answer: dict[str, str]) -> str:
    with pytest.raises(ProviderRefused) as error:
        provider.finish(secret, answer, BACK)
    return str(error.value)


def test_somebody_in_a_known_group_comes_in_with_the_strongest_of_their_roles(at: Running) -> None:
    provider = at.provider(tenant="desk")
    address, secret = provider.begin(BACK)
    found = provider.finish(secret, at.come_back(address, "ines"), BACK)
    assert (found.issuer, found.subject, found.name) == (at.issuer, "ines", "ines")
    assert (found.tenant, found.role) == ("desk", Role.ADMIN)


def test_without_a_preferred_name_it_is_the_address(at: Running) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    found = provider.finish(secret, at.come_back(address, "joao"), BACK)
    assert (found.name, found.role) == ("joao@example.org", Role.ANALYST)


def test_the_code_is_bound_to_this_browser_by_pkce(at: Running) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    asked = query(address)
    provider.finish(secret, at.come_back(address, "ines"), BACK)
    (sent,) = (form for path, form in at.asked if path == TOKEN)
    digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert 43 <= len(sent["code_verifier"][0]) <= 128


def test_a_stolen_code_is_worth_nothing_to_another_browser(at: Running) -> None:
    provider = at.provider()
    theirs, _ = provider.begin(BACK)
    stolen = at.come_back(theirs, "ines")["code"]
    address, secret = provider.begin(BACK)
    answer = at.come_back(address, "joao") | {"code": stolen}
    assert "does not hold" in refused(at, provider, secret, answer)
    (sent,) = (form for path, form in at.asked if path == TOKEN)
    assert sent["code"] == [stolen], "the provider was asked, and refused the verifier"


def test_state_nonce_and_verifier_differ_and_are_new_each_time(at: Running) -> None:
    (one, _), (other, _) = at.provider().begin(BACK), at.provider().begin(BACK)
    names = ("state", "nonce", "code_challenge")
    assert len({query(address)[name] for address in (one, other) for name in names}) == 6


@pytest.mark.parametrize("who", ["mary", "nobody"])
def test_somebody_in_no_known_group_is_refused(at: Running, who: str) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    assert "groups" in refused(at, provider, secret, at.come_back(address, who))


@pytest.mark.parametrize("state", ["", "x", "ü"])
def test_an_answer_with_a_wrong_state_is_refused_before_anything_is_asked(
    at: Running, state: str
) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    answer = at.come_back(address, "ines") | {"state": state}
    assert "this browser" in refused(at, provider, secret, answer)
    assert TOKEN not in [path for path, _ in at.asked]


def test_the_answer_to_another_browser_is_refused(at: Running) -> None:
    provider = at.provider()
    address, _ = provider.begin(BACK)
    _, secret = provider.begin(BACK)
    assert "this browser" in refused(at, provider, secret, at.come_back(address, "ines"))


def test_a_token_with_a_wrong_nonce_is_refused(at: Running) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    answer = at.come_back(changed(address, nonce="planted"), "ines")
    assert "does not hold" in refused(at, provider, secret, answer)


def test_a_code_works_once(at: Running) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    answer = at.come_back(address, "ines")
    provider.finish(secret, answer, BACK)
    refused(at, provider, secret, answer)


def test_an_answer_that_names_another_issuer_is_refused(at: Running) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    answer = at.come_back(address, "ines") | {"iss": "https://evil.example"}
    assert "another provider" in refused(at, provider, secret, answer)


def test_a_refusal_at_the_provider_is_a_refusal_here(at: Running) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    answer = {"error": "access_denied", "state": query(address)["state"]}
    assert "let nobody in" in refused(at, provider, secret, answer)


def claims(at: Running, /, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": at.issuer,
        "aud": "assay",
        "sub": "ines",
        "iat": now,
        "exp": now + 60,
        "groups": ["desk-heads"],
        **changes,
    }


def forged(at: Running, key: Any, header: dict[str, str], **changes: Any) -> str:
    """What comes of an ID token of our own in place of the provider's."""
    provider = at.provider()
    address, secret = provider.begin(BACK)
    answer = at.come_back(address, "ines")
    said = claims(at, **{"nonce": query(address)["nonce"], **changes})
    token = jwt.encode(header, said, key, algorithms=[header["alg"]])
    at.answers[TOKEN] = {"access_token": "x", "token_type": "Bearer", "id_token": token}
    try:
        found = provider.finish(secret, answer, BACK)
    except ProviderRefused as error:
        return str(error)
    return found.subject


@pytest.fixture
def key(at: Running) -> RSAKey:
    """The provider's own, so that one thing alone is wrong with a token."""
    made = RSAKey.generate_key(2048, {"kid": "test"})
    at.answers["/jwks"] = {"keys": KeySet([made]).as_dict(private=False)["keys"]}
    return made


SIGNED = {"alg": "RS256", "kid": "test"}


def test_a_token_with_nothing_wrong_is_taken(at: Running, key: RSAKey) -> None:
    assert forged(at, key, SIGNED) == "ines"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another client"},
        {"aud": ["assay", "another"], "azp": "another"},
        {"exp": 1},
        {"iat": None},
        {"iss": None},
        {"iss": "https://evil.example"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 42},
        {"groups": {"desk-heads": True}},
        {"groups": [["desk-heads"]]},
        {"groups": 1},
    ],
)
def test_one_wrong_claim_is_enough(at: Running, key: RSAKey, wrong: dict[str, Any]) -> None:
    told = forged(at, key, SIGNED, **wrong)
    assert any(
        reason in told for reason in ("does not hold", "names nobody", "none of your groups")
    )


def test_a_token_signed_by_somebody_else_is_refused(at: Running, key: RSAKey) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "test"})
    assert "does not hold" in forged(at, stranger, SIGNED)


def test_a_token_signed_with_the_shared_secret_or_not_at_all_is_refused(
    at: Running, key: RSAKey
) -> None:
    secret = OctKey.import_key("secret" * 8)
    assert "does not hold" in forged(at, secret, {"alg": "HS256"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        assert "does not hold" in forged(at, secret, {"alg": "none"})


@pytest.mark.parametrize(
    "answer", [{}, {"error": "invalid_grant"}, {"id_token": 1}, {"id_token": "x.y.z"}]
)
def test_a_token_answer_without_a_token_is_refused(at: Running, answer: dict[str, Any]) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    came = at.come_back(address, "ines")
    at.answers[TOKEN] = answer
    assert "does not hold" in refused(at, provider, secret, came)


# --- what the provider is asked, and what not -----------------------------------------------------


def test_a_provider_that_is_down_says_so(at: Running) -> None:
    provider = at.provider(issuer="http://localhost:1")
    with pytest.raises(ProviderUnavailable, match="does not answer"):
        provider.begin(BACK)


def test_a_provider_that_calls_itself_otherwise_is_not_used(at: Running) -> None:
    with pytest.raises(ProviderUnavailable, match="another issuer"):
        at.provider(issuer=f"{at.issuer}/").begin(BACK)


@pytest.mark.parametrize("answer", [{}, [], {"issuer": "THIS"}, {"issuer": "THIS", "jwks_uri": 1}])
def test_a_description_that_lacks_what_is_needed_is_not_used(at: Running, answer: Any) -> None:
    if isinstance(answer, dict):
        answer = {name: at.issuer if it == "THIS" else it for name, it in answer.items()}
    at.answers[WELL_KNOWN] = answer
    with pytest.raises(ProviderUnavailable):
        at.provider().begin(BACK)


def whole_flow(at: Running) -> None:
    provider = at.provider()
    address, secret = provider.begin(BACK)
    provider.finish(secret, at.come_back(address, "ines"), BACK)


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_an_endpoint_on_a_host_that_was_not_named_is_never_asked(
    at: Running, endpoint: str
) -> None:
    with running() as elsewhere:
        known = {
            "issuer": at.issuer,
            "authorization_endpoint": f"{at.issuer}/oauth2/authorize",
            "token_endpoint": f"{at.issuer}{TOKEN}",
            "jwks_uri": f"{at.issuer}/jwks",
        }
        path = urlsplit(known[endpoint]).path
        at.answers[WELL_KNOWN] = known | {endpoint: f"{elsewhere.issuer}{path}"}
        with pytest.raises(ProviderUnavailable, match="ASSAY_OIDC__HOSTS"):
            whole_flow(at)
        assert elsewhere.asked == []


def test_an_endpoint_on_a_named_host_is_asked(at: Running) -> None:
    with running() as elsewhere:
        at.answers[WELL_KNOWN] = {
            "issuer": at.issuer,
            "authorization_endpoint": f"{at.issuer}/oauth2/authorize",
            "token_endpoint": f"{at.issuer}{TOKEN}",
            "jwks_uri": f"{elsewhere.issuer}/jwks",
        }
        provider = at.provider(hosts=(urlsplit(elsewhere.issuer).netloc,))
        address, secret = provider.begin(BACK)
        refused(at, provider, secret, at.come_back(address, "ines"))  # keys of another provider
        assert [path for path, _ in elsewhere.asked] == ["/jwks"]


def test_a_redirect_is_not_followed(at: Running) -> None:
    with running() as elsewhere:
        at.redirects[WELL_KNOWN] = elsewhere.issuer + WELL_KNOWN
        with pytest.raises(ProviderUnavailable):
            at.provider().begin(BACK)
        assert elsewhere.asked == []
