"""Small applications to stand behind the middleware."""

from __future__ import annotations

from fastapi import FastAPI, File, Request, UploadFile
from pydantic import BaseModel, JsonValue
from starlette.types import Message, Receive, Scope, Send


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 200 to everything, and reads no body."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def _lifespan(receive: Receive, send: Send) -> None:
    message: Message = {"type": ""}
    while message["type"] != "lifespan.shutdown":
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


class Item(BaseModel):
    """What the JSON route takes."""

    value: JsonValue


def fastapi() -> FastAPI:
    """A JSON route, a form route, and one that tells what it sees of the request."""
    app = FastAPI()

    @app.post("/api/items")
    def items(item: Item) -> Item:
        return item

    @app.post("/api/files")
    async def files(file: UploadFile = File()) -> int:  # noqa: B008 # FastAPI's way of saying it
        return len(await file.read())

    @app.get("/api/seen")
    def seen(request: Request) -> dict[str, JsonValue]:
        client = request.client
        return {
            "client": client.host if client else None,
            "scheme": request.url.scheme,
            "headers": sorted(request.headers),
        }

    @app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("the password is hunter2")

    return app
