#!/usr/bin/env python3
"""An auditor's verifier of a Touchstone ledger. It shares no code with the product: Python 3.9+, standard library only.

    audit.py ledger  <data directory | log.db> [--json]
    audit.py records <file.ndjson | -> [--partial] [--json]
    audit.py vectors <record-vectors.json> [--json]

Exit status: 0 all is well, 1 faults, 2 usage or nothing readable. What is checked and what is not: docs/audit.md.
"""
import argparse
import base64
import hashlib
import hmac
import json
import re
import sqlite3
import sys
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

SAFE = 2 ** 53 - 1
ZEROS = "0" * 64
LISTED = 100
BAD_TEXT = (ValueError, RecursionError)  # every way in which reading or writing JSON text fails


# Canonical JSON (RFC 8785 with safe integers only)

def _integer(token):
    if len(token) > 17 or abs(int(token)) > SAFE:
        raise ValueError("number %.40s is not a safe integer" % token)
    return int(token)


def _refuse(token):
    raise ValueError("number %.40s is not a safe integer" % token)


def _object(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


parse = json.JSONDecoder(
    parse_int=_integer, parse_float=_refuse, parse_constant=_refuse, object_pairs_hook=_object).decode
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, check_circular=False, separators=(",", ":")).encode
_beyond_bmp = re.compile("[\U00010000-\U0010ffff]").search


def es_number(number):
    """A double as ECMAScript's Number::toString writes it; only the RFC's own vector needs it."""
    if number == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + exponent
    if len(text) <= point <= 21:
        text += "0" * (point - len(text))
    elif 0 < point <= 21:
        text = text[:point] + "." + text[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        text = text[0] + ("." + text[1:] if text[1:] else "") + "e%+d" % (point - 1)
    return "-" * sign + text


def jcs_text(value):
    """Plain recursive JCS: keys by UTF-16 code units. `jcs` takes a shortcut wherever that gives the same."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(_encode(key) + ":" + jcs_text(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs_text, value)) + "]"
    return es_number(value) if isinstance(value, float) else _encode(value)


def jcs(value):
    """The canonical bytes of a parsed value. By code point is by UTF-16 code unit unless something is beyond the BMP."""
    text = _encode(value)
    return (jcs_text(value) if _beyond_bmp(text) else text).encode()


# The record, field by field (trust.md 1.2)

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
CODE = r"[a-z0-9._-]{1,64}"


def matches(pattern):
    return re.compile(pattern).fullmatch


is_uuid7 = matches(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
is_uuid, is_code, is_hash, is_tag = matches(UUID), matches(CODE), matches("[0-9a-f]{64}"), matches("[0-9a-f]{32}")
is_b16 = matches("[A-Za-z0-9_-]{21}[AQgw]")  # 16 bytes in base64url, spare bits zero
is_kid = matches(r"dek_[0-9a-z]+\.[1-9][0-9]*")
is_time = matches(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z")


@lru_cache(maxsize=4096)
def is_date(text):
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_instant(text):
    return text.isascii() and is_time(text) and is_date(text[:10])


STRINGS = (
    ("id", is_uuid7), ("at", is_instant), ("type", matches(r"[a-z]+(?:-[a-z]+)*\.v[1-9][0-9]*")),
    ("stream", matches("customer-" + UUID + "|(?:campaign|segment|policy|access)-[a-z0-9._-]+")),
    ("purpose", is_code), ("salt", is_b16), ("via", is_uuid), ("cause", is_uuid7))
OPTIONAL = frozenset(("idem", "via", "cause"))
REQUIRED = frozenset(("v", "id", "type", "stream", "rev", "at", "actor", "purpose", "salt", "data", "sealed"))
ALLOWED = REQUIRED | OPTIONAL
ACTOR, KINDS = frozenset(("kind", "id")), frozenset(("service", "user", "system"))
IDEM, ENTRY = frozenset("kf"), frozenset(("alg", "h", "kid"))
CLASSES = frozenset(("/identity", "/service", "/marketing", "/regulated"))


def fits(value, check):
    return type(value) is str and check(value)


def odd_keys(what, value, wanted):
    if not isinstance(value, dict):
        return [what + " is not an object"]
    return ["%s has %r" % (what, key) for key in value if key not in wanted] + [
        "%s lacks %r" % (what, key) for key in sorted(wanted) if key not in value]


def faults_of(env):
    """What is wrong with an envelope by itself."""
    if not isinstance(env, dict):
        return ["env is not an object"]
    keys = env.keys()
    out = [] if REQUIRED <= keys <= ALLOWED else odd_keys("env", env, REQUIRED | (OPTIONAL & keys))
    out += ["env.%s is malformed" % name for name, check in STRINGS if name in env and not fits(env[name], check)]
    if type(env.get("v")) is not int or env["v"] != 1:
        out.append("env.v is not 1")
    if type(env.get("rev")) is not int or env["rev"] < 0:
        out.append("env.rev is not a revision")
    actor = env.get("actor")
    if not isinstance(actor, dict) or actor.keys() != ACTOR:
        out += odd_keys("env.actor", actor, ACTOR)
    elif not (fits(actor["kind"], KINDS.__contains__) and fits(actor["id"], is_code)):
        out.append("env.actor is malformed")
    if "idem" in env:
        idem = env["idem"]
        if not isinstance(idem, dict) or idem.keys() != IDEM:
            out += odd_keys("env.idem", idem, IDEM)
        elif not (fits(idem["k"], is_b16) and fits(idem["f"], is_b16)):
            out.append("env.idem is malformed")
        if "cause" in env:
            out.append("env.idem stands on an event that has a cause, not on the command's own")
    if not isinstance(env.get("data"), dict):
        out.append("env.data is not an object")
    sealed, kids = env.get("sealed"), set()
    if not isinstance(sealed, dict):
        return out + ["env.sealed is not an object"]
    for name, entry in sealed.items():
        if name not in CLASSES:
            out.append("env.sealed has the unknown class %r" % name)
        if not isinstance(entry, dict) or entry.keys() != ENTRY:
            out += odd_keys("env.sealed%s" % name, entry, ENTRY)
        elif not (entry["alg"] == "A256GCM" and fits(entry["h"], is_hash) and fits(entry["kid"], is_kid)):
            out.append("env.sealed%s is malformed" % name)
        elif entry["kid"] in kids:
            out.append("env.sealed has one kid for two classes")
        else:
            kids.add(entry["kid"])
    return out


def from_hex(text):
    blob = bytes.fromhex(text)
    if blob.hex() != text:
        raise ValueError("not lower-case hex")
    return blob


def from_base64(text):
    blob = base64.b64decode(text, validate=True)
    if base64.b64encode(blob).decode() != text:
        raise ValueError("not padded base64")
    return blob


def printable(value):
    return str(value).encode("ascii", "backslashreplace").decode().replace("\n", "\\n").replace("\x1b", "\\x1b")


class Audit:
    """Checks records one at a time. Keeps one head a stream, every event id and every idem.k."""

    def __init__(self, by_position=False, partial=False):
        self.by_position = by_position  # all records come in the order of their positions
        self.partial = partial          # a stream may begin at any revision and end anywhere
        self.heads, self.tags, self.ids, self.keys, self.positions = {}, {}, set(), set(), set()
        self.records = self.blobs = self.missing = self.gaps = self.faults = 0
        self.first = self.last = None
        self.listed, self.notes = [], []

    def fault(self, line):
        self.faults += 1
        if len(self.listed) < LISTED:
            self.listed.append(printable(line))

    def record(self, position, stream, rev, env, sealed, decode, s, leaf_hash, leaf=None, found=()):
        """`found`: faults that the reader of the record saw; `leaf`: as the record gives it, where it does."""
        self.records += 1
        faults = list(found)
        head = self.heads.get(stream)
        head_rev, head_at, head_hash, head_s, pending, head_position = head or (-1, "", ZEROS, s, None, -1)
        self._position(faults, position, head_position)
        if not fits(s, is_tag):
            faults.append("s is not 32 hex digits")
        elif head_s != s:
            faults.append("s differs from the one of the stream's records before")
        elif self.tags.setdefault(s, stream) != stream:
            faults.append("s is that of another stream, %s" % self.tags[s])
        if not fits(leaf_hash, is_hash):
            faults.append("leaf hash is not 64 hex digits")
        begins_late = self.partial and head is None
        if rev != head_rev + 1 and not begins_late:
            faults.append("revision %s where %d was due" % (rev, head_rev + 1))
        cause = None
        if isinstance(env, dict):
            faults += faults_of(env)
            at, cause = env.get("at"), env.get("cause")
            if type(at) is str:
                if at < head_at:
                    faults.append("at is before that of the record before")
                head_at = at
            cause = self._identity(faults, env, cause, pending)
            self._blobs(faults, env.get("sealed"), sealed, decode)
            if begins_late and rev != 0 and isinstance(leaf, dict):
                head_hash = leaf.get("p") if fits(leaf.get("p"), is_hash) else ZEROS
            self._leaf(faults, env, head_hash, s, leaf_hash, leaf)
        self.heads[stream] = (rev if type(rev) is int else head_rev + 1, head_at, leaf_hash, head_s, cause, position)
        for what in faults:
            self.fault("%s rev %s position %s: %s" % (stream, rev, position, what))

    def _position(self, faults, position, before):
        if type(position) is not int or not 0 <= position <= SAFE:
            return faults.append("position is not a safe integer")
        if not self.by_position:
            if position in self.positions:
                faults.append("position stands twice")
            self.positions.add(position)
        elif self.last is not None:
            before = self.last
            self.gaps += max(0, position - before - 1)
        if type(before) is int and position <= before:
            faults.append("position is not after %d" % before)
        self.first = position if self.first is None else min(self.first, position)
        self.last = position if self.last is None else max(self.last, position)

    def _identity(self, faults, env, cause, pending):
        """Unique id, unique k; returns the cause that the stream's next record has to answer."""
        name = env.get("id")
        if fits(name, is_uuid7):
            number = int(name.replace("-", ""), 16)
            if number in self.ids:
                faults.append("id stands twice")
            self.ids.add(number)
        k = env["idem"].get("k") if isinstance(env.get("idem"), dict) else None
        if type(k) is str:
            if k in self.keys:
                faults.append("idem.k stands twice")
            self.keys.add(k)
        if pending is not None and pending not in (name, cause):
            faults.append("the record before has cause %s, but this is neither that event nor has that cause" % pending)
        if cause is None:
            return None
        if pending is not None and pending == name:
            faults.append("is the cause of the record before and has a cause itself")
        if not fits(cause, is_uuid7):
            return None
        if int(cause.replace("-", ""), 16) in self.ids:
            faults.append("cause names an event that is not later")
            return None
        return cause

    def _blobs(self, faults, entries, sealed, decode):
        if not isinstance(sealed, dict):
            return faults.append("sealed is not an object")
        entries = entries if isinstance(entries, dict) else {}
        for name, text in sealed.items():
            entry = entries.get(name)
            if entry is None:
                faults.append("a blob of class %r that env.sealed does not have" % name)
                continue
            self.blobs += 1
            try:
                blob = decode(text)
            except (ValueError, TypeError):
                faults.append("blob %s is not in its encoding" % name)
                continue
            if len(blob) < 29 or blob[0] != 1:
                faults.append("blob %s is not 01, nonce, ciphertext, tag" % name)
            if isinstance(entry, dict) and hashlib.sha256(blob).hexdigest() != entry.get("h"):
                faults.append("blob %s does not have the hash h" % name)
        self.missing += sum(1 for name in entries if name not in sealed)

    def _leaf(self, faults, env, p, s, leaf_hash, leaf):
        try:
            c = hashlib.sha256(jcs(env)).hexdigest()
        except BAD_TEXT as error:
            return faults.append("env has no canonical form: %s" % error)
        text = '{"c":"%s","id":"%s","p":"%s","r":%s,"s":"%s","t":"%s","v":1}' % (
            c, env.get("id"), p, env.get("rev"), s, env.get("at"))
        if leaf is not None:
            wrong = odd_leaf(leaf, text)
            if wrong:
                faults.append("leaf is not that of this record after the one before: " + wrong)
        if hashlib.sha256(b"\0" + text.encode("utf-8", "replace")).hexdigest() != leaf_hash:
            faults.append("leaf hash is not that of this record after the one before")

    def end(self):
        for stream, (rev, _, _, _, cause, position) in self.heads.items():
            if cause is not None and not self.partial:
                self.fault("%s rev %s position %s: cause %s never follows" % (stream, rev, position, cause))

    def summary(self):
        return {"ok": not self.faults, "records": self.records, "streams": len(self.heads), "firstPosition": self.first,
                "lastPosition": self.last, "positionsSkipped": self.gaps if self.by_position else None,
                "blobs": self.blobs, "blobsMissing": self.missing, "faults": self.faults, "notes": self.notes,
                "listed": self.listed}


def odd_leaf(leaf, text):
    """Which parts of a leaf, as an object, differ from the expected text; '' when none do."""
    try:
        if jcs(leaf).decode() == text:
            return ""
        want = json.loads(text)
        return ", ".join(key for key in sorted({*want, *leaf}) if jcs(want.get(key)) != jcs(leaf.get(key)))
    except (TypeError, AttributeError) + BAD_TEXT:
        return "malformed"


# The three commands

class Unreadable(Exception):
    pass


def open_log(path):
    """Read-only. A cleanly closed log on a medium that cannot be written has no -wal; then it is opened as immutable."""
    path = path / "log.db" if path.is_dir() else path
    for mode in ("?mode=ro", "?mode=ro&immutable=1"):
        try:
            db = sqlite3.connect(path.resolve().as_uri() + mode, uri=True)
            db.text_factory = bytes
            return db, db.execute(
                "SELECT position, stream, rev, id, env, sealed, s, leaf_hash FROM records ORDER BY position")
        except sqlite3.Error as error:
            wal = Path(str(path) + "-wal")
            if "unable to open" not in str(error) or not path.is_file() or (wal.exists() and wal.stat().st_size):
                raise Unreadable("%s: %s" % (path, error))
    raise Unreadable("%s: cannot be opened" % path)


def text_of(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def ledger(path):
    audit = Audit(by_position=True)
    db, rows = open_log(Path(path))
    try:
        for position, stream, rev, name, text, blobs, s, leaf_hash in rows:
            stream, name, found, env, sealed = text_of(stream), text_of(name), [], None, None
            try:
                env = parse(text.decode())
                if jcs(env) != text:
                    found.append("env is not canonical text")
            except (AttributeError,) + BAD_TEXT as error:
                found.append("env is not canonical text: %s" % error)
            if isinstance(env, dict):
                found += ["column %s differs from env" % column for column, value in
                          (("id", name), ("stream", stream), ("rev", rev)) if env.get(column) != value]
            try:
                sealed = parse(blobs.decode())
            except (AttributeError,) + BAD_TEXT as error:
                found.append("sealed is not JSON text: %s" % error)
            audit.record(position, stream, rev, env, sealed, from_hex, text_of(s), text_of(leaf_hash), None, found)
    except sqlite3.DatabaseError as error:
        audit.fault("log.db: reading stopped: %s" % error)
    finally:
        db.close()
    audit.end()
    return audit


PARTS = frozenset(("env", "sealed", "leaf", "leafHash", "position"))


def records(path, partial=False):
    audit = Audit(partial=partial)
    try:
        source = sys.stdin.buffer if path == "-" else open(path, "rb")
    except OSError as error:
        raise Unreadable(error)
    with source:
        for number, line in enumerate(source, 1):
            if line.strip():
                one_line(audit, number, line)
    if not audit.records:
        audit.fault("no record in %s" % path)
    audit.end()
    return audit


def one_line(audit, number, line):
    try:
        whole = parse(line.decode())
        wrong = odd_keys("record", whole, PARTS)
        leaf = parse(whole["leaf"]) if type(whole.get("leaf")) is str else whole.get("leaf")
        if type(whole.get("leaf")) is str and jcs(leaf).decode() != whole["leaf"]:
            wrong.append("leaf is not canonical text")
        if not isinstance(leaf, dict) or not isinstance(whole.get("env"), dict):
            raise ValueError("env or leaf is not an object")
    except (AttributeError,) + BAD_TEXT as error:
        return audit.fault("line %d: not a record: %s" % (number, error))
    env = whole["env"]
    audit.record(whole.get("position"), env.get("stream") if type(env.get("stream")) is str else "?", env.get("rev"), env,
                 whole.get("sealed"), from_base64, leaf.get("s"), whole.get("leafHash"), leaf, wrong)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def normal(kind, value):
    value = unicodedata.normalize("NFC", value).strip()
    if kind == "email":
        local, _, domain = value.rpartition("@")
        return local.lower() + "@" + domain.encode("idna").decode().lower()
    return re.sub(r"[ .()\[\]-]", "", value) if kind == "phone" else value


def vectors(path):
    audit = Audit()
    try:
        given = json.loads(Path(path).read_text("utf-8"))
    except (OSError,) + BAD_TEXT as error:
        raise Unreadable("%s: %s" % (path, error))
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        audit.notes.append("AES-GCM checked with the package cryptography")
    except ImportError:
        AESGCM = None
        audit.notes.append("AES-GCM not checked: it is not in the standard library, cryptography is not installed")

    def same(where, got, wanted):
        if jcs(got) != jcs(wanted):
            audit.fault("%s: computed %s, given %s" % (where, jcs(got).decode(), jcs(wanted).decode()))

    def sealed(where, key, part, aad, plain):
        key, nonce, blob = (bytes.fromhex(text) for text in (key, part["nonce"], part["blob"]))
        same(where + ".blob (frame)", [blob[:13].hex(), len(blob)], ["01" + nonce.hex(), 29 + len(plain)])
        if AESGCM:
            same(where + ".blob", (b"\1" + nonce + AESGCM(key).encrypt(nonce, plain, aad)).hex(), part["blob"])

    try:
        recompute(given, audit, same, sealed)
    except (KeyError, TypeError, AttributeError, IndexError) + BAD_TEXT as error:
        audit.fault("vectors: malformed: %r" % error)
    return audit


def recompute(given, audit, same, sealed):
    keys = {name: bytes.fromhex(text) for name, text in given["keys"].items()}
    same("keys.K_f", mac(keys["streamSalt32"], b"ledger/idem/v1").hex(), given["keys"]["K_f"])
    tag = hashlib.sha256(b"ledger/stream/v1\n" + keys["streamSalt32"] + given["stream"].encode()).digest()[:16]
    same("s", tag.hex(), given["s"])
    p = ZEROS
    for rev, one in enumerate(given["records"]):
        at, env, idem = "records[%d]" % rev, one["env"], one["idem"]
        same(at + ".rev", [rev, rev], [one["rev"], env["rev"]])
        same(at + ".env.stream", env["stream"], given["stream"])
        same(at + ".env.idem", {"k": idem["k"], "f": idem["f"]} if idem else None, env.get("idem"))
        if idem:
            same(at + ".idem.command", idem["kInput"][{"source": 1, "key": 2}[idem["kInput"][0]]], idem["command"])
            same(at + ".idem.k", b64url(mac(keys["K_idem"], jcs(idem["kInput"]))[:16]), idem["k"])
            same(at + ".idem.fInput", ["body", idem["command"], idem["k"], idem["body"]], idem["fInput"])
            same(at + ".idem.f", b64url(mac(keys["K_f"], jcs(idem["fInput"]))[:16]), idem["f"])
        entries = {}
        for part in one["blobs"]:
            where, plain, kid = at + part["class"], jcs(part["plaintext"]), part["kid"]
            aad = jcs({"v": 1, "alg": "A256GCM", "eventId": env["id"], "field": part["class"], "kid": kid,
                       "stream": env["stream"]})
            same(where + ".aad", aad.decode(), part["aad"])
            same(where + ".plaintextJcsSha256", hashlib.sha256(plain).hexdigest(), part["plaintextJcsSha256"])
            same(where + ".h", hashlib.sha256(bytes.fromhex(part["blob"])).hexdigest(), part["h"])
            sealed(where, part["dek"], part, aad, plain)
            entries[part["class"]] = {"alg": "A256GCM", "h": part["h"], "kid": kid}
        same(at + ".env.sealed", entries, env["sealed"])
        same(at + ".envJcs", jcs_text(env), one["envJcs"])
        same(at + ".c", hashlib.sha256(jcs(env)).hexdigest(), one["c"])
        leaf = jcs({"v": 1, "c": one["c"], "id": env["id"], "p": p, "r": rev, "s": given["s"], "t": env["at"]})
        same(at + ".leaf", leaf.decode(), one["leaf"])
        p = hashlib.sha256(b"\0" + leaf).hexdigest()
        same(at + ".leafHash", p, one["leafHash"])
        audit.record(rev, given["stream"], rev, env, {part["class"]: part["blob"] for part in one["blobs"]}, from_hex,
                     given["s"], one["leafHash"], parse(one["leaf"]))
    for n, one in enumerate(given["moreK"]):
        same("moreK[%d]" % n, b64url(mac(keys["K_idem"], jcs(one["kInput"]))[:16]), one["k"])
    for n, one in enumerate(given["moreF"]):
        body = jcs(["body", one["command"], one["k"], one["body"]])
        same("moreF[%d]" % n, b64url(mac(keys["K_f"], body)[:16]), one["f"])
    for n, one in enumerate(given["blindIndex"]):
        same("blindIndex[%d].normal" % n, normal(one["type"], one["value"]), one["normal"])
        named = b"\0".join((b"ledger/bidx/v1", one["type"].encode(), one["normal"].encode()))
        same("blindIndex[%d].index" % n, mac(keys["K_bidx"], named)[:16].hex(), one["index"])
    wrap = given["wrap"]
    aad = jcs({"kek": wrap["kekId"], "kid": wrap["kid"], "v": 1})
    same("wrap.aad", aad.decode(), wrap["aad"])
    sealed("wrap", wrap["kek"], wrap, aad, bytes.fromhex(wrap["dek"]))
    for n, one in enumerate(given["jcs"]):
        same("jcs[%d]" % n, hashlib.sha256(jcs_text(json.loads(one["in"])).encode()).hexdigest(), one["sha256"])
        try:
            shortcut = hashlib.sha256(jcs(parse(one["in"]))).hexdigest()
        except BAD_TEXT:
            shortcut = None
        same("jcs[%d], safe integers only" % n, shortcut, one["sha256"] if one["profile"] else None)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Verifies a Touchstone ledger without any of its code.")
    command = parser.add_subparsers(dest="command", required=True)
    for name, what in (("ledger", "data directory or log.db"), ("records", "NDJSON of form=record, - for standard input"),
                       ("vectors", "record-vectors.json")):
        sub = command.add_parser(name)
        sub.add_argument("path", help=what)
        sub.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
        if name == "records":
            sub.add_argument("--partial", action="store_true", help="streams may begin and end at any revision")
    options = parser.parse_args(arguments)
    try:
        audit = records(options.path, options.partial) if options.command == "records" else {
            "ledger": ledger, "vectors": vectors}[options.command](options.path)
    except Unreadable as error:
        print("audit.py: %s" % error, file=sys.stderr)
        return 2
    summary = audit.summary()
    if options.json:
        print(json.dumps(summary))
        return 0 if summary["ok"] else 1
    print("\n".join(audit.listed + audit.notes + [""]), end="")
    if audit.faults > LISTED:
        print("... and %d faults more" % (audit.faults - LISTED))
    print("%s: %d records, %d streams, positions %s to %s%s, %d blobs, %d missing, %d faults" % (
        "ok" if summary["ok"] else "FAULTS", audit.records, len(audit.heads), audit.first, audit.last,
        " (%d skipped)" % audit.gaps if audit.by_position else "", audit.blobs, audit.missing, audit.faults))
    return 0 if summary["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
