"""Kind `identifier-query`: which users of a provider a query finds (mimi-protocol-06 section 5.8)."""

import unicodedata

import wire
from case import Wrong, refusal
from presentation import Refused
from wire import LANGUAGE

TYPES = ("handle", "nick", "email", "phone", "partialName", "wholeProfile", "oidcStdClaim", "vcardField")
MAX_ELEMENTS = 32
NAME_CLAIMS = {"name", "given_name", "middle_name", "family_name", "nickname", "preferred_username"}
NAME_PROPERTIES = {"FN", "N", "NICKNAME"}
FOUND, NOT_FOUND, AMBIGUOUS, FORBIDDEN, UNSUPPORTED = range(5)


def folded(text):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def contains_a_name(kind, name):
    return (
        kind == "name"
        or kind == "oidcStdClaim" and name in NAME_CLAIMS
        or kind == "vcardField" and name.upper() in NAME_PROPERTIES
    )


def matches(element, properties):
    kind, name, wanted = element
    for of_kind, of_name, value in properties:
        if kind == "wholeProfile":
            hit = wanted in value
        elif kind == "partialName":
            hit = contains_a_name(of_kind, of_name) and folded(wanted) in folded(value)
        elif kind == "vcardField":
            hit = of_kind == kind and of_name.upper() == name.upper() and value == wanted
        else:
            hit = (of_kind, of_name, value) == element
        if hit:
            return True
    return False


def element_of(data):
    """(kind, name, value) of one QueryElement as the interpreter reads it."""
    kind = TYPES[data["searchType"] - 1]
    name = data.get("claimName", data.get("propertyName", b""))
    return kind, name.decode(), data["searchValue"].decode()


def answer(case):
    """The code, and the URIs of those who are found."""
    request = case.hex("request")
    if len(request) > 1 and unknown_type(request):
        return UNSUPPORTED, []
    wire.decode("IdentifierRequest", request)
    decoded = LANGUAGE.decode("IdentifierRequest", request)
    elements = {element_of(element) for element in decoded["query_elements"]}
    if not 0 < len(elements) <= MAX_ELEMENTS:
        return FORBIDDEN, []
    supported = case.get("supported")
    if any(kind not in supported for kind, _, _ in elements):
        return UNSUPPORTED, []
    if any(not value for _, _, value in elements):
        return AMBIGUOUS, []
    found = []
    for profile in case.get("profiles"):
        properties = [(it[0], it[1] if len(it) == 3 else "", it[-1]) for it in profile["properties"]]
        if all(matches(element, properties) for element in elements):
            found.append(profile["uri"])
    return (FOUND if found else NOT_FOUND), found


def unknown_type(request):
    """Whether the first element that is not understood has a search type that no draft has."""
    reason = refusal(LANGUAGE.decode, "IdentifierRequest", request)
    return reason is not None and "SearchIdentifierType" in reason


def judge(case):
    code, found = answer(case)
    response = case.hex("response")
    wire.decode("IdentifierResponse", response)
    decoded = LANGUAGE.decode("IdentifierResponse", response)
    uris = [uri["uri"].decode() for uri in decoded["uri"]]
    if (decoded["responseCode"], uris, decoded["foundProfiles"]) != (code, found, []):
        raise Refused(f"the answer is {code} with {found}")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("response", reason)


def invalid(case):
    if refusal(judge, case) is None:
        raise Wrong("response", "accepted")
