"""Kind `key-package-set`: KeyPackages in sets of one user pseudonym (mimi-metadata-minimalization-02 section 7)."""

from case import Wrong, refusal
from presentation import Refused

DAY = 86400
LIFETIME = 91 * DAY


def sets_of(uploaded):
    """{pseudonym: (last resort, clients)}, in the order of the pseudonyms' bytes."""
    sets = {}
    for pseudonym, client, last_resort in uploaded:
        kind, clients = sets.setdefault(pseudonym, (last_resort, set()))
        if kind != last_resort:
            raise Refused("a set is of last resort and is not")
        if client in clients:
            raise Refused("a client is in a set twice")
        clients.add(client)
    return dict(sorted(sets.items(), key=lambda entry: entry[0].encode()))


def plan(sets, client, ordinary, last_resort):
    kinds = [kind for kind, _ in sets.values()]
    return {
        "complete": [[name, kind] for name, (kind, clients) in sets.items() if client not in clients],
        "start": max(0, ordinary - kinds.count(False)),
        "start_last_resort": max(0, max(1, last_resort) - kinds.count(True)),
    }


def choose(sets, clients, room, used):
    """An unused ordinary set, else the set of last resort that links the fewest rooms."""
    best = None
    for name, (last_resort, of) in sets.items():
        linked = len({it for it, pseudonym in used if pseudonym == name and it != room})
        if not of or of != set(clients) or linked and not last_resort:
            continue
        rank = (last_resort, linked)
        if best is None or rank < best[0]:
            best = rank, {"user_pseudonym": name, "last_resort": last_resort, "linked_rooms": linked}
    if best is None:
        raise Refused("no whole set")
    return best[1]


def judge(case):
    first = max(0, case.integer("now") // 1000 // DAY - 1) * DAY
    if case.get("lifetime") != [first, first + LIFETIME]:
        raise Refused("another lifetime")
    sets = sets_of(case.get("uploaded"))
    if case.get("plan") != plan(sets, case.text("client"), *case.get("wanted")):
        raise Refused("another plan")
    if case.get("chosen") != choose(sets, case.get("clients"), case.text("room_id"), case.get("used")):
        raise Refused("another set")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("chosen", reason)


def invalid(case):
    if refusal(judge, case) is None:
        raise Wrong("chosen", "accepted")
