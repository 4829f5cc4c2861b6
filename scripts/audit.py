#!/usr/bin/env python3
"""An auditor's verifier of a Touchstone ledger. It shares no code with the product: Python 3.9+, standard library only.

    audit.py ledger  <data directory | log.db> [--json]
    audit.py records <file.ndjson | -> [--partial] [--json]
    audit.py vectors <record-vectors.json> [--json]

Exit status: 0 all is well, 1 faults, 2 usage or nothing readable. What is checked and what is not: docs/audit.md.
"""
import argparse, base64, gc, hashlib, hmac, json, re, sqlite3, sys, unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

SAFE = 2 ** 53 - 1
ZEROS = "0" * 64
LISTED = 100
BAD_JSON = (ValueError, RecursionError, TypeError, AttributeError)  # no JSON, or a value of another type

# Canonical JSON: RFC 8785 with safe integers only

def _number(token):
    if not token.lstrip("-").isdigit() or len(token) > 17 or abs(int(token)) > SAFE:
        raise ValueError(f"number {token[:40]} is not a safe integer")
    return int(token)

def _object(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found

_numbers = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _number)
parse = json.JSONDecoder(object_pairs_hook=_object, **_numbers).decode
parse_quickly = json.JSONDecoder(**_numbers).decode  # for text whose canonical form is compared with it afterwards
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, check_circular=False, separators=(",", ":")).encode
_beyond_bmp = re.compile("[\U00010000-\U0010ffff]").search

def es_number(number):
    """A double as ECMAScript's Number::toString writes it; only the RFC's own vector needs it."""
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text, point, minus = "".join(map(str, digits)), len(digits) + exponent, "-" if sign and number else ""
    if 0 < point <= 21:
        text = text[:point].ljust(point, "0") + ("." + text[point:] if text[point:] else "")
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        text = text[0] + ("." + text[1:] if text[1:] else "") + f"e{point - 1:+d}"
    return minus + text

def jcs_slowly(value):
    """Plain recursive JCS, keys by UTF-16 code units; `jcs` takes a shortcut where that gives the same."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(_encode(key) + ":" + jcs_slowly(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs_slowly, value)) + "]"
    return es_number(value) if isinstance(value, float) else _encode(value)

def jcs(value):
    """Canonical bytes. Order by code point is order by UTF-16 code unit unless a character is beyond the BMP."""
    text = _encode(value)
    return (text if text.isascii() or not _beyond_bmp(text) else jcs_slowly(value)).encode()

# The envelope by itself (trust.md 1.2)

def matches(pattern):
    return re.compile(pattern).fullmatch

@lru_cache(maxsize=4096)
def is_date(text):
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
is_uuid7 = matches("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
is_code, is_hash, is_tag = matches("[a-z0-9._-]{1,64}"), matches("[0-9a-f]{64}"), matches("[0-9a-f]{32}")
is_b16 = matches("[A-Za-z0-9_-]{21}[AQgw]")  # 16 bytes in base64url, spare bits zero
is_time = matches("[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z")
STRINGS = {
    "id": is_uuid7, "at": lambda text: is_time(text) and is_date(text[:10]), "purpose": is_code, "salt": is_b16,
    "type": matches("[a-z]+(?:-[a-z]+)*[.]v[1-9][0-9]*"), "via": matches(UUID), "cause": is_uuid7,
    "stream": matches("customer-" + UUID + "|(?:campaign|segment|policy|access)-[a-z0-9._-]+")}
OPTIONAL = {"idem", "via", "cause"}
REQUIRED = {"v", "id", "type", "stream", "rev", "at", "actor", "purpose", "salt", "data", "sealed"}
ACTOR = {"kind": {"service", "user", "system"}.__contains__, "id": is_code}
IDEM = {"k": is_b16, "f": is_b16}
ENTRY = {"alg": {"A256GCM"}.__contains__, "h": is_hash, "kid": matches(r"dek_[0-9a-z]+[.][1-9][0-9]*")}
CLASSES = {"/identity", "/service", "/marketing", "/regulated"}

def fits(value, check):
    return type(value) is str and check(value)

def other_keys(what, value, wanted):
    if not isinstance(value, dict):
        return [f"{what} is not an object"]
    return [f"{what}: {'unknown' if key in value else 'missing'} key {key}" for key in sorted(value.keys() ^ wanted)]

def faults_of_part(what, value, checks):
    if not isinstance(value, dict) or value.keys() != checks.keys():
        return other_keys(what, value, checks.keys())
    return [f"{what}.{key} is malformed" for key, check in checks.items() if not fits(value[key], check)]

def faults_of(env):
    keys = env.keys()
    faults = [] if REQUIRED == keys - OPTIONAL else other_keys("env", env, REQUIRED | (OPTIONAL & keys))
    for key, check in STRINGS.items():
        if key in env and (type(env[key]) is not str or not check(env[key])):
            faults.append(f"env.{key} is malformed")
    if type(env.get("v")) is not int or env["v"] != 1:
        faults.append("env.v is not 1")
    if type(env.get("rev")) is not int or env["rev"] < 0:
        faults.append("env.rev is not a revision")
    if not isinstance(env.get("data"), dict):
        faults.append("env.data is not an object")
    faults += faults_of_part("env.actor", env.get("actor"), ACTOR)
    if "idem" in env:
        faults += faults_of_part("env.idem", env["idem"], IDEM)
        if "cause" in env:
            faults.append("env.idem stands on an event that has a cause, not on the command's own")
    sealed = env.get("sealed")
    if not isinstance(sealed, dict):
        return faults + ["env.sealed is not an object"]
    for name, entry in sealed.items():
        faults += faults_of_part("env.sealed" + name, entry, ENTRY)
        if name not in CLASSES:
            faults.append(f"env.sealed: unknown class {name}")
    kids = [str(entry.get("kid")) for entry in sealed.values() if isinstance(entry, dict)]
    if len(set(kids)) < len(kids):
        faults.append("env.sealed: one kid for two classes")
    return faults

HEX = bytes.fromhex, bytes.hex
BASE64 = lambda text: base64.b64decode(text, validate=True), lambda blob: base64.b64encode(blob).decode()

class Audit:
    """Checks records one by one. Keeps one head a stream, every event id and idem.k (records: every position too)."""

    def __init__(self, by_position=False, partial=False):
        self.by_position = by_position  # all records come in the order of their positions, not only those of a stream
        self.partial = partial          # a stream may begin and end at any revision
        self.heads, self.tags, self.ids, self.keys, self.positions = {}, {}, set(), set(), set()
        self.records = self.blobs = self.missing = self.skipped = self.faults = 0
        self.first = self.last = None
        self.listed, self.notes = [], []

    def fault(self, line):
        self.faults += 1
        if len(self.listed) < LISTED:  # what is printed is ASCII without control characters, whatever a record contains
            self.listed.append("".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in line))

    def record(self, position, stream, rev, env, canonical, sealed, coding, s, leaf_hash, leaf=None, found=()):
        """`canonical`: JCS of env, None if it has none; `leaf`: as given, if it is; `found`: faults seen in reading."""
        self.records += 1
        faults, head = list(found), self.heads.get(stream)
        late = self.partial and head is None and rev != 0
        head_rev, at, p, tag, pending, before = head or (-1, "", ZEROS, s, None, -1)
        if late and isinstance(leaf, dict):
            p = leaf.get("p")
        self._position(faults, position, before)
        if not fits(s, is_tag):
            faults.append("s is not 32 hex digits")
        elif s != tag:
            faults.append("s differs from that of the stream's records before")
        elif self.tags.setdefault(s, stream) != stream:
            faults.append(f"s is that of another stream, {self.tags[s]}")
        if type(rev) is not int or rev != head_rev + 1 and not late:
            faults.append(f"revision {rev} where {head_rev + 1} was due")
        cause = None
        if isinstance(env, dict):
            faults += faults_of(env)
            if type(env.get("at")) is str:
                if env["at"] < at:
                    faults.append("at is before that of the record before")
                at = env["at"]
            cause = self._identity(faults, env, pending)
            self._blobs(faults, env.get("sealed"), sealed, coding)
        if canonical is not None:
            c = hashlib.sha256(canonical).hexdigest()
            due = (f'{{"c":"{c}","id":"{env.get("id")}","p":"{p}","r":{env.get("rev")},"s":"{s}",'
                   f'"t":"{env.get("at")}","v":1}}')
            if leaf is not None:
                want = {"c": c, "id": env.get("id"), "p": p, "r": env.get("rev"), "s": s, "t": env.get("at"), "v": 1}
                odd = [key for key in sorted({*want, *leaf}) if jcs(leaf.get(key)) != jcs(want.get(key))]
                faults += [f"leaf.{key} is not that of this record after the one before" for key in odd]
            if hashlib.sha256(b"\0" + due.encode("utf-8", "replace")).hexdigest() != leaf_hash:
                faults.append("leaf hash is not that of this record after the one before")
        self.heads[stream] = (rev if type(rev) is int else head_rev + 1, at, leaf_hash, tag, cause, position)
        for what in faults:
            self.fault(f"{stream} rev {rev} position {position}: {what}")

    def _position(self, faults, position, before):
        if type(position) is not int or not 0 <= position <= SAFE:
            return faults.append("position is not a safe integer")
        if self.by_position:
            before = -1 if self.last is None else self.last
            self.skipped += max(0, position - before - 1) if before >= 0 else 0
        else:
            if position in self.positions:
                faults.append("position stands twice")
            self.positions.add(position)
        if type(before) is int and position <= before:
            faults.append(f"position is not after {before}")
        self.first = position if self.first is None else min(self.first, position)
        self.last = position if self.last is None else max(self.last, position)

    def _identity(self, faults, env, pending):
        """Uniqueness of id and k; returns the cause that the stream's next record has to answer."""
        name, idem, cause = env.get("id"), env.get("idem"), env.get("cause")
        if fits(name, is_uuid7):
            number = int(name.replace("-", ""), 16)
            if number in self.ids:
                faults.append("id stands twice")
            self.ids.add(number)
        k = idem.get("k") if isinstance(idem, dict) else None
        if type(k) is str:
            if k in self.keys:
                faults.append("idem.k stands twice")
            self.keys.add(k)
        if pending is not None and pending not in (name, cause):
            faults.append(f"cause {pending} of the record before is neither this event nor its cause")
        if cause is not None and pending == name:
            faults.append("is the cause of the record before and has a cause itself")
        if not fits(cause, is_uuid7):
            return None
        if int(cause.replace("-", ""), 16) in self.ids:
            faults.append("cause names an event that is not later")
            return None
        return cause

    def _blobs(self, faults, entries, sealed, coding):
        if not isinstance(sealed, dict):
            return faults.append("sealed is not an object")
        entries = entries if isinstance(entries, dict) else {}
        for name, text in sealed.items():
            entry = entries.get(name)
            if not isinstance(entry, dict):
                faults.append(f"sealed{name}: a blob that env.sealed does not have")
                continue
            self.blobs += 1
            try:
                blob = coding[0](text)
                if coding[1](blob) != text:
                    raise ValueError
            except (ValueError, TypeError):
                faults.append(f"sealed{name}: blob is not in its encoding")
                continue
            if len(blob) < 29 or blob[0] != 1:
                faults.append(f"sealed{name}: blob is not 01, nonce, ciphertext, tag")
            if hashlib.sha256(blob).hexdigest() != entry.get("h"):
                faults.append(f"sealed{name}: blob does not have the hash h")
        self.missing += len(entries.keys() - sealed.keys())

    def end(self):
        for stream, (rev, _, _, _, cause, position) in self.heads.items():
            if cause is not None and not self.partial:
                self.fault(f"{stream} rev {rev} position {position}: cause {cause} never follows")
        return self

    def summary(self):
        return {"ok": not self.faults, "records": self.records, "streams": len(self.heads), "firstPosition": self.first,
                "lastPosition": self.last, "positionsSkipped": self.skipped if self.by_position else None,
                "blobs": self.blobs, "blobsMissing": self.missing, "faults": self.faults, "listed": self.listed,
                "notes": self.notes}

# The three commands

class Unreadable(Exception):
    pass

QUERY = "SELECT position, stream, rev, id, env, sealed, s, leaf_hash FROM records ORDER BY position"

def open_log(path):
    """Read-only; as immutable where that fails and there is no -wal, as on a medium that can't be written."""
    path = path / "log.db" if path.is_dir() else path
    wal = Path(f"{path}-wal")
    for mode in ("?mode=ro",) if wal.exists() and wal.stat().st_size else ("?mode=ro", "?mode=ro&immutable=1"):
        try:
            db = sqlite3.connect(path.resolve().as_uri() + mode, uri=True)
            db.text_factory = bytes
            return db.execute(QUERY)
        except sqlite3.Error as error:
            reason = error
    raise Unreadable(f"{path}: {reason}")

def ledger(path):
    audit, rows = Audit(by_position=True), open_log(Path(path))
    try:
        for position, stream, rev, name, text, blobs, s, leaf_hash in rows:
            stream, name, s, leaf_hash = [
                value.decode("utf-8", "replace") if type(value) is bytes else value
                for value in (stream, name, s, leaf_hash)]
            found, env, canonical, sealed = [], None, None, None
            try:
                env = parse_quickly(text.decode())
                canonical = jcs(env)
                if canonical != text:
                    found.append("env is not canonical text")
                if (env["id"], env["stream"], env["rev"]) != (name, stream, rev):
                    found.append("the columns id, stream and rev are not those of env")
            except (KeyError,) + BAD_JSON as error:
                found.append(f"env: {error!r}")
                canonical = canonical if isinstance(env, dict) else None
            try:
                sealed = parse(blobs.decode())
            except BAD_JSON as error:
                found.append(f"sealed: {error!r}")
            audit.record(position, stream, rev, env, canonical, sealed, HEX, s, leaf_hash, None, found)
    except sqlite3.DatabaseError as error:
        audit.fault(f"log.db: reading stopped: {error}")
    return audit.end()

def records(path, partial=False):
    audit = Audit(partial=partial)
    try:
        source = sys.stdin.buffer if path == "-" else open(path, "rb")
    except OSError as error:
        raise Unreadable(error)
    with source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                one = parse(line.decode())
                found = other_keys("record", one, {"env", "sealed", "leaf", "leafHash", "position"})
                env, leaf, stream, rev = one["env"], one["leaf"], one["env"]["stream"], one["env"]["rev"]
                if type(leaf) is str:
                    leaf = parse(leaf)
                    found += [] if jcs(leaf).decode() == one["leaf"] else ["leaf is not canonical text"]
                audit.record(one.get("position"), stream, rev, env, jcs(env), one.get("sealed"), BASE64,
                             leaf.get("s"), one.get("leafHash"), leaf, found)
            except (KeyError,) + BAD_JSON as error:
                audit.fault(f"line {number}: not a record: {error!r}")
    if not audit.records:
        audit.fault("no record")
    return audit.end()

def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()

def mac16(key, value):
    return base64.urlsafe_b64encode(mac(key, jcs(value))[:16]).rstrip(b"=").decode()

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
    except (OSError,) + BAD_JSON as error:
        raise Unreadable(f"{path}: {error}")
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM as aes
        audit.notes.append("AES-GCM checked with the package cryptography")
    except ImportError:
        aes = None
        audit.notes.append("AES-GCM not checked: not in the standard library, and no package cryptography")
    try:
        recompute(given, audit, aes)
    except (KeyError, IndexError) + BAD_JSON as error:
        audit.fault(f"vectors: malformed: {error!r}")
    return audit.end()

def recompute(given, audit, aes):
    def same(where, got, wanted):
        if jcs(got) != jcs(wanted):
            audit.fault(f"{where}: computed {jcs(got).decode()}, given {jcs(wanted).decode()}")

    def same_blob(where, key, part, aad, plain):
        key, nonce, blob = (bytes.fromhex(text) for text in (key, part["nonce"], part["blob"]))
        same(where + ".blob's frame", [blob[:13].hex(), len(blob)], ["01" + nonce.hex(), 29 + len(plain)])
        if aes:
            same(where + ".blob", (b"\1" + nonce + aes(key).encrypt(nonce, plain, aad)).hex(), part["blob"])

    stream, s, p = given["stream"], given["s"], ZEROS
    salt, k_idem, k_f, k_bidx = (
        bytes.fromhex(given["keys"][name]) for name in ("streamSalt32", "K_idem", "K_f", "K_bidx"))
    same("keys.K_f", mac(salt, b"ledger/idem/v1").hex(), k_f.hex())
    same("s", hashlib.sha256(b"ledger/stream/v1\n" + salt + stream.encode()).digest()[:16].hex(), s)
    for rev, one in enumerate(given["records"]):
        at, env, idem, entries = f"records[{rev}]", one["env"], one["idem"], {}
        same(at + ".rev", rev, one["rev"])
        same(at + ".env.stream", env["stream"], stream)
        same(at + ".env.idem", {"k": idem["k"], "f": idem["f"]} if idem else None, env.get("idem"))
        if idem:
            same(at + ".idem.command", idem["kInput"][{"source": 1, "key": 2}[idem["kInput"][0]]], idem["command"])
            same(at + ".idem.k", mac16(k_idem, idem["kInput"]), idem["k"])
            same(at + ".idem.fInput", ["body", idem["command"], idem["k"], idem["body"]], idem["fInput"])
            same(at + ".idem.f", mac16(k_f, idem["fInput"]), idem["f"])
        for part in one["blobs"]:
            where, plain, entry = at + part["class"], jcs(part["plaintext"]), {"alg": "A256GCM", "kid": part["kid"]}
            aad = jcs({"v": 1, "eventId": env["id"], "field": part["class"], "stream": stream, **entry})
            same(where + ".aad", aad.decode(), part["aad"])
            same(where + ".plaintextJcsSha256", hashlib.sha256(plain).hexdigest(), part["plaintextJcsSha256"])
            same(where + ".h", hashlib.sha256(bytes.fromhex(part["blob"])).hexdigest(), part["h"])
            same_blob(where, part["dek"], part, aad, plain)
            entries[part["class"]] = {"h": part["h"], **entry}
        same(at + ".env.sealed", entries, env["sealed"])
        same(at + ".envJcs", jcs_slowly(env), one["envJcs"])
        same(at + ".c", hashlib.sha256(jcs(env)).hexdigest(), one["c"])
        leaf = jcs({"v": 1, "c": one["c"], "id": env["id"], "p": p, "r": rev, "s": s, "t": env["at"]})
        same(at + ".leaf", leaf.decode(), one["leaf"])
        p = hashlib.sha256(b"\0" + leaf).hexdigest()
        same(at + ".leafHash", p, one["leafHash"])
        audit.record(rev, stream, env["rev"], env, jcs(env), {part["class"]: part["blob"] for part in one["blobs"]},
                     HEX, s, one["leafHash"], parse(one["leaf"]))
    for n, one in enumerate(given["moreK"]):
        same(f"moreK[{n}]", mac16(k_idem, one["kInput"]), one["k"])
    for n, one in enumerate(given["moreF"]):
        same(f"moreF[{n}]", mac16(k_f, ["body", one["command"], one["k"], one["body"]]), one["f"])
    for n, one in enumerate(given["blindIndex"]):
        same(f"blindIndex[{n}].normal", normal(one["type"], one["value"]), one["normal"])
        text = "\0".join(("ledger/bidx/v1", one["type"], one["normal"]))
        same(f"blindIndex[{n}].index", mac(k_bidx, text.encode())[:16].hex(), one["index"])
    wrap = given["wrap"]
    aad = jcs({"kek": wrap["kekId"], "kid": wrap["kid"], "v": 1})
    same("wrap.aad", aad.decode(), wrap["aad"])
    same_blob("wrap", wrap["kek"], wrap, aad, bytes.fromhex(wrap["dek"]))
    for n, one in enumerate(given["jcs"]):
        same(f"jcs[{n}]", hashlib.sha256(jcs_slowly(json.loads(one["in"])).encode()).hexdigest(), one["sha256"])
        try:
            quick = hashlib.sha256(jcs(parse(one["in"]))).hexdigest()
        except ValueError:
            quick = None
        same(f"jcs[{n}] with safe integers only", quick, one["sha256"] if one["profile"] else None)

def main(arguments=None):
    parser = argparse.ArgumentParser(description="Verifies a Touchstone ledger without any of its code.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command, what in ((ledger, "data directory or log.db"), (records, "NDJSON of form=record, - for stdin"),
                          (vectors, "record-vectors.json")):
        sub = commands.add_parser(command.__name__)
        sub.add_argument("path", help=what)
        sub.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
        sub.set_defaults(run=command)
        if command is records:
            sub.add_argument("--partial", action="store_true", help="streams may begin and end at any revision")
    options = vars(parser.parse_args(arguments))
    gc.disable()  # records have no cycles; the collector would walk all heads again and again
    try:
        audit = options["run"](options["path"], *([options["partial"]] if "partial" in options else []))
    except Unreadable as error:
        print(f"audit.py: {error}", file=sys.stderr)
        return 2
    if options["json"]:
        print(json.dumps(audit.summary()))
    else:
        more = [f"... and {audit.faults - LISTED} faults more"] if audit.faults > LISTED else []
        skipped = f" ({audit.skipped} skipped)" if audit.by_position else ""
        print(*audit.listed, *more, *audit.notes, f"{'FAULTS' if audit.faults else 'ok'}: {audit.records} records, "
              f"{len(audit.heads)} streams, positions {audit.first} to {audit.last}{skipped}, {audit.blobs} blobs, "
              f"{audit.missing} missing, {audit.faults} faults", sep="\n")
    return 1 if audit.faults else 0

if __name__ == "__main__":
    sys.exit(main())
