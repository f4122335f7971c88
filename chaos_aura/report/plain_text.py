"""Text of others, made fit for a terminal: one line, nothing in it that could steer one."""

# For streams that can write nothing else; each is as wide as what it stands for.
_PLAINER = str.maketrans({"━": "#", "─": "-", "✓": "+", "✗": "x", "→": ">", "·": "-", "…": "~"})


def one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def writable(text: str, encoding: str | None) -> str:
    """As much of it as the stream can write: a character that it lacks must not cost the verdict."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        plainer = text.translate(_PLAINER)
        return plainer.encode("ascii", "replace").decode("ascii")
    return text
