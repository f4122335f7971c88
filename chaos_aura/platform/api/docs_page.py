"""The documentation as one page: made of the OpenAPI document, needs nothing but itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { color: #1c2733; background: #fff }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem; border-top: 1px solid #d5dde5; padding-top: 1rem }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: #f2f5f8; border-radius: 4px }
code { padding: .1em .3em } pre { padding: .8em 1em; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3em .8em .3em 0 }
th { color: #5b6b7b; font-weight: 500 } .method { color: #0b5cad } a { color: #0b5cad }
@media (prefers-color-scheme: dark) {
  body { color: #dce4ec; background: #14191f } code, pre { background: #1f2730 } h2 { border-color: #2d3843 }
  .method, a { color: #7cb8f2 }
}
"""
_REF = "#/components/schemas/"
type _Json = Mapping[str, Any]


def docs_page(schema: _Json) -> str:
    info = schema["info"]
    return "".join(
        [
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>",
            "<meta name=viewport content='width=device-width'>",
            f"<style>{_STYLE}</style><h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>",
            "<p>For machines: <a href=/openapi.json>/openapi.json</a></p>",
            _contents(schema),
            *(_operation(*each) for each in _operations(schema)),
            "<h2>Schemas</h2>",
            *(_schema(name, each) for name, each in sorted(schema["components"]["schemas"].items())),
            "</html>",
        ]
    )


def _operations(schema: _Json) -> Iterator[tuple[str, str, _Json, _Json]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation, schema


def _contents(schema: _Json) -> str:
    lines = (
        f"<li><a href='#{_anchor(method, path)}'><code>{method} {escape(path)}</code></a> {escape(told['summary'])}"
        for method, path, told, _ in _operations(schema)
    )
    return f"<ul>{''.join(lines)}</ul>"


def _operation(method: str, path: str, told: _Json, schema: _Json) -> str:
    return "".join(
        [
            f"<h2 id='{_anchor(method, path)}'><span class=method>{method}</span> {escape(path)}</h2>",
            f"<p>{escape(told['summary'])}. {escape(told.get('description', ''))}</p>",
            _parameters(told.get("parameters", ())),
            _body(told),
            _answers(told["responses"]),
            f"<pre>{escape(_curl(method, path, told, schema))}</pre>",
        ]
    )


def _parameters(parameters: Any) -> str:
    rows = [
        (f"<code>{escape(each['name'])}</code>", each["in"], escape(each.get("description", ""))) for each in parameters
    ]
    return _table(("parameter", "in", "must be"), rows)


def _body(told: _Json) -> str:
    if "requestBody" not in told:
        return ""
    return f"<p>Body: {_kind(told['requestBody']['content']['application/json']['schema'])}, as JSON</p>"


def _answers(responses: _Json) -> str:
    rows = [
        (f"<code>{status}</code>", escape(each["description"]), _content(each)) for status, each in responses.items()
    ]
    return _table(("answer", "when", "body"), rows)


def _content(response: _Json) -> str:
    content = response.get("content", {}).get("application/json", {})
    return _kind(content["schema"]) if content.get("schema") else ""


def _schema(name: str, told: _Json) -> str:
    about = f"<h3 id='{escape(name)}'>{escape(name)}</h3><p>{escape(told.get('description', ''))}</p>"
    if "enum" in told:
        return about + "<p>" + ", ".join(f"<code>{escape(str(each))}</code>" for each in told["enum"]) + "</p>"
    needed = told.get("required", ())
    rows = [
        (f"<code>{escape(field)}</code>", _kind(each), "yes" if field in needed else "", each.get("description", ""))
        for field, each in told.get("properties", {}).items()
    ]
    return about + _table(("field", "type", "required", "must be"), rows)


def _kind(told: _Json) -> str:
    """Sample: `array of <a href='#Vote'>Vote</a>`, `number or null`."""
    if "$ref" in told:
        name = escape(told["$ref"].removeprefix(_REF))
        return f"<a href='#{name}'>{name}</a>"
    for several in ("anyOf", "allOf", "oneOf"):
        if several in told:
            return " or ".join(_kind(each) for each in told[several])
    if told.get("type") == "array":
        return f"array of {_kind(told.get('items', {}))}"
    if isinstance(told.get("additionalProperties"), Mapping):
        return f"object of {_kind(told['additionalProperties'])}"
    return escape(str(told.get("type", "any")))


def _curl(method: str, path: str, told: _Json, schema: _Json) -> str:
    words = ["curl", "-i"]
    if method != "GET":
        words += ["-X", method]
    if "X-Tenant" in {each["name"] for each in told.get("parameters", ())}:
        words += ["-H", "'X-Tenant: acme'"]
    if "requestBody" in told:
        name = told["requestBody"]["content"]["application/json"]["schema"]["$ref"].removeprefix(_REF)
        example = schema["components"]["schemas"][name]["example"]
        words += ["-H", "'Content-Type: application/json'", "-d", f"'{json.dumps(example)}'"]
    return " ".join([*words, "$API" + path.replace("{allocation_id}", "training-41").replace("{tenant}", "acme")])


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{each}" for each in heads)
    return f"<table><tr>{head}{''.join('<tr>' + ''.join(f'<td>{cell}' for cell in row) for row in rows)}</table>"


def _anchor(method: str, path: str) -> str:
    return f"{method.lower()}{escape(path).replace('/', '-').strip('-')}"
