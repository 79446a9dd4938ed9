"""Every answer tells browsers what not to do with it."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

from tests.ui.hardening.conftest import Serve
from ui.hardening.content_security import script_hashes

PAGE = "<html><script>\r\nfirst()</script><SCRIPT type='module'>second()</SCRIPT ><script src='a.js'></script></html>"


def source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def site() -> FastAPI:
    app = FastAPI(docs_url=None)
    app.get("/")(lambda: HTMLResponse(PAGE))
    app.get("/pieces")(lambda: StreamingResponse(iter([PAGE[:20], PAGE[20:]]), media_type="text/html"))
    app.get("/api/docs")(lambda: HTMLResponse(PAGE))
    app.get("/api/report")(lambda: HTMLResponse(PAGE))
    app.get("/api/cached")(lambda: PlainTextResponse("x", headers={"Cache-Control": "public, max-age=99"}))
    app.get("/gradio_api/file")(lambda: HTMLResponse(PAGE))
    app.get("/download")(lambda: HTMLResponse(PAGE, headers={"Content-Disposition": "attachment"}))
    app.get("/packed")(lambda: Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, media_type="text/html"))
    app.get("/assets/a.js")(lambda: PlainTextResponse("x", headers={"Cache-Control": "max-age=9"}))
    return app


@pytest.fixture
def client(serve: Serve) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{serve(site())}")


@pytest.mark.parametrize("path", ["/", "/api/report", "/assets/a.js", "/nowhere", "/api/nowhere"])
def test_every_answer_has_them(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in headers["permissions-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers  # this is no TLS


@pytest.mark.parametrize("path", ["/", "/pieces", "/api/docs"])
def test_a_documents_own_scripts_may_run_and_arrive_unchanged(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.text == PAGE
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' 'unsafe-eval' {source(chr(10) + 'first()')} {source('second()')};" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize("path", ["/gradio_api/file", "/download", "/packed"])
def test_scripts_of_files_may_not(client: httpx.Client, path: str) -> None:
    with client.stream("GET", path) as answer:
        assert "sha256" not in answer.headers["content-security-policy"]


def test_the_api_runs_and_loads_nothing(client: httpx.Client) -> None:
    policy = client.get("/api/report").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("; sandbox")


def test_only_files_of_the_library_may_be_kept(client: httpx.Client) -> None:
    kept = {
        path: client.get(path).headers["cache-control"] for path in ("/", "/api/cached", "/gradio_api/file", "/assets/a.js")
    }
    assert kept == {"/": "no-store", "/api/cached": "no-store", "/gradio_api/file": "no-store", "/assets/a.js": "max-age=9"}


def test_head_has_the_headers_without_a_body(serve: Serve) -> None:
    app = FastAPI()
    app.head("/")(lambda: HTMLResponse(""))
    answer = httpx.head(f"http://127.0.0.1:{serve(app)}/")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


@pytest.mark.parametrize("text", ["", "<p>no script</p>", "<script src=x></script>", "<scripted>x</scripted>"])
def test_where_there_is_no_inline_script_there_is_no_hash(text: str) -> None:
    assert script_hashes(text.encode()) == []
