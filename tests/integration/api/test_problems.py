"""Errors: one shape for all of them, with the request's id and without what was sent."""

import pytest

from api.middleware import BODY_MAX_BYTES

pytestmark = pytest.mark.asyncio(loop_scope="session")

JSON = {"content-type": "application/json"}


def shape(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem["type"].removeprefix("/problems/")


@pytest.mark.parametrize(
    ("method", "path", "content", "kind"),
    [
        ("GET", "/nowhere", None, "not-found"),
        ("DELETE", "/memory/profile/ana", None, "method-not-allowed"),
        ("POST", "/memory/store", b"{not json", "not-json"),
        ("POST", "/memory/store", b'{"user_id": "\xff"}', "not-json"),
        ("POST", "/memory/store", b"[" * 100_000, "not-json"),
        ("POST", "/memory/store", b"1" * 10_000, "not-json"),
        ("POST", "/memory/store", b"", "invalid-request"),
        ("POST", "/memory/store", b"null", "invalid-request"),
        ("POST", "/memory/store", b'[{"user_id": "ana", "content": NaN}]', "invalid-request"),
        ("POST", "/memory/store", b" " * (BODY_MAX_BYTES + 1), "too-large"),
        ("GET", "/memory/usage/ana?after=nonsense", None, "invalid-position"),
        ("GET", "/memory/messages/ana?cursor=nonsense", None, "invalid-cursor"),
        ("GET", "/memory/messages/ana?limit=0", None, "invalid-request"),
        ("GET", "/memory/messages/%ED%A0%80", None, "invalid-request"),
        ("GET", "/memory/messages/a%00b", None, "invalid-request"),
        ("GET", "/memory/messages/", None, "invalid-request"),
        ("GET", "/memory/context/ana?query=%FF", None, "invalid-request"),
    ],
)
async def test_every_refusal_is_a_problem_document(http, method, path, content, kind):
    answer = await http.request(method, path, content=content, headers=JSON if content else {})

    assert shape(answer) == kind


async def test_a_body_that_grows_without_saying_so_is_cut_off(http):
    async def endless():
        for _ in range(BODY_MAX_BYTES // 65_536 + 1):
            yield b" " * 65_536

    answer = await http.post("/memory/store", content=endless(), headers=JSON)

    assert shape(answer) == "too-large"


async def test_a_path_with_two_methods_names_both(http):
    answer = await http.delete("/memory/profile/ana")

    assert answer.headers["allow"] == "GET, PATCH"


@pytest.mark.parametrize("given", ["my-request-1", "a b", "x" * 65, "ü" * 9])
async def test_a_request_id_is_taken_over_if_it_is_sane(http, given):
    answer = await http.get("/health/live", headers={"x-request-id": given.encode()})

    taken = answer.headers["x-request-id"]
    assert (taken == given) == (given == "my-request-1")
    assert len(taken) >= 8


async def test_a_defect_is_answered_without_its_words_and_logged_without_them(
    http, user, monkeypatch, caplog
):
    words = "what the user " + user

    async def broken(*_):
        raise LookupError(words)

    monkeypatch.setattr("api.routes.usage.find_reader", broken)

    answer = await http.get("/memory/usage/ana")

    assert (answer.status_code, shape(answer)) == (500, "internal")
    assert words not in answer.text + caplog.text
    assert "LookupError" in caplog.text


async def test_metrics_know_routes_and_no_users(http, user):
    await http.get(f"/memory/usage/{user}")
    await http.get(f"/{user}")
    await http.request(user.replace("-", "").upper(), "/memory/users")

    text = (await http.get("/metrics")).text

    assert 'route="/memory/usage/{user_id}",status="200"' in text
    assert 'route="unmatched",status="404"' in text
    assert 'method="other"' in text
    assert user.partition("-")[2] not in text.lower()
