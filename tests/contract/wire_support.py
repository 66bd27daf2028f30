"""Raw requests to the collection that the wire suites use."""

from tests.integration.vectors_support import uuid_of

WIRE = "/collections/wire"
A, B = str(uuid_of(1)), str(uuid_of(2))


async def put_points(http, **body):
    answer = await http.put(f"{WIRE}/points", params={"wait": "true"}, json=body)
    assert answer.status_code == 200, answer.text


async def scroll(http, **body):
    answer = await http.post(f"{WIRE}/points/scroll", json={"limit": 100, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


async def ids(http, **filter_):
    return {each["id"] for each in (await scroll(http, filter=filter_))["points"]}
