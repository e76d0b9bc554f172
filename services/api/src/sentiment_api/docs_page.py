"""`/docs`: Swagger UI from files of our own, so that reading it asks no other server."""

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_PACKAGE = "fastapi_offline"
_FILES = "/docs-files"


def install(app: FastAPI) -> None:
    """Add the page and its files; none of them is part of the API's description."""
    app.mount(_FILES, StaticFiles(packages=[(_PACKAGE, "static")]), name="docs-files")

    async def page(request: Request) -> HTMLResponse:
        root = request.scope["root_path"]
        return get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_FILES}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_FILES}/favicon.png",
        )

    app.add_route("/docs", page, include_in_schema=False)
