"""Tests of audit.py: python3 scripts/audit_test.py. Small ledgers from the vectors, tampered with."""
import base64, copy, hashlib, importlib.util, io, json, os, shutil, sqlite3, struct, sys, tempfile, unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import audit as A

VECTORS = Path(__file__).resolve().parent.parent / "test" / "vectors" / "record-vectors.json"
GIVEN = json.loads(VECTORS.read_text("utf-8"))
OTHER = "customer-01890a5d-ac96-774b-bcce-b302099a9999"
WITH_AES = importlib.util.find_spec("cryptography") is not None


def b64u(byte):
    return base64.urlsafe_b64encode(bytes([byte]) * 16).rstrip(b"=").decode()


def event(stream, rev, number, **more):
    return {"v": 1, "id": "01890a5d-ac97-774b-bcce-%012x" % number, "type": "touchpoint-recorded.v1", "stream": stream,
            "rev": rev, "at": "2026-01-03T00:00:00.000Z", "actor": {"kind": "user", "id": "key_1"}, "purpose": "service",
            "salt": b64u(number), "data": {}, "sealed": {}, **more}


def ledger():
    """The vectors' four records, then a second stream: two events with cause, the command's own, one more."""
    out = [{"env": copy.deepcopy(one["env"]), "s": GIVEN["s"],
            "sealed": {part["class"]: bytes.fromhex(part["blob"]) for part in one["blobs"]}} for one in GIVEN["records"]]
    own = event(OTHER, 2, 3)
    for env in (event(OTHER, 0, 1, cause=own["id"]), event(OTHER, 1, 2, cause=own["id"]),
                {**own, "idem": {"k": b64u(9), "f": b64u(8)}},
                event(OTHER, 3, 4, via="01890a5d-ac96-774b-bcce-b302099a7777")):
        out.append({"env": env, "s": "ab" * 16, "sealed": {}})
    return out


def rows(records):
    """As an honest writer, or a forger who rewrites everything, would store them: the hashes always fit."""
    heads, out = {}, []
    for position, one in enumerate(records):
        env, s = one["env"], one["s"]
        stream = env.get("stream", OTHER)
        leaf = {"v": 1, "c": hashlib.sha256(A.jcs(env)).hexdigest(), "id": env.get("id"),
                "p": heads.get(stream, A.ZEROS), "r": env.get("rev"), "s": s, "t": env.get("at")}
        heads[stream] = hashlib.sha256(b"\0" + A.jcs(leaf)).hexdigest()
        out.append({"position": one.get("position", position), "stream": stream, "rev": env.get("rev"), "id": env.get("id"),
                    "env": A.jcs(env).decode(), "sealed": json.dumps({k: v.hex() for k, v in one["sealed"].items()}),
                    "s": s, "leaf_hash": heads[stream], "leaf": leaf})
    return out


def ndjson(stored):
    return [{"env": json.loads(row["env"]), "leaf": row["leaf"], "leafHash": row["leaf_hash"], "position": row["position"],
             "sealed": {k: base64.b64encode(bytes.fromhex(v)).decode() for k, v in json.loads(row["sealed"]).items()}}
            for row in stored]


class Base(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)

    def run_audit(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = A.main([str(word) for word in arguments])
        return status, out.getvalue() + err.getvalue()

    def log(self, stored):
        """Binary columns and a separate table of blobs behind the view, like a real log."""
        (self.dir / "log.db").unlink(missing_ok=True)
        db = sqlite3.connect(str(self.dir / "log.db"))
        db.execute("CREATE TABLE stored (position, stream, rev, id, env, sealed, s, leaf_hash)")
        db.execute("CREATE VIEW records AS SELECT position, stream, rev, id, CAST(env AS TEXT) AS env, sealed, "
                   "s, lower(hex(leaf_hash)) AS leaf_hash FROM stored")
        for row in stored:
            db.execute("INSERT INTO stored VALUES (?,?,?,?,?,?,?,?)", (
                row["position"], row["stream"], row["rev"], row["id"],
                row["env"] if isinstance(row["env"], bytes) else row["env"].encode(), row["sealed"], row["s"],
                bytes.fromhex(row["leaf_hash"])))
        db.commit()
        db.close()
        return self.run_audit("ledger", self.dir)

    def file(self, lines, *more):
        path = self.dir / "records.ndjson"
        path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
        return self.run_audit("records", path, *more)

    def found(self, result, what):
        status, text = result
        self.assertEqual(status, 1, text)
        self.assertIn(what, text)

    def well(self, result):
        self.assertEqual(result[0], 0, result[1])


class Untouched(Base):
    def test_ledger(self):
        status, text = self.log(rows(ledger()))
        self.assertEqual((status, text.strip()), (
            0, "ok: 8 records, 2 streams, positions 0 to 7 (0 skipped), 4 blobs, 0 missing, 0 faults"))

    def test_rows_are_the_vectors(self):
        for row, one in zip(rows(ledger()), GIVEN["records"]):
            self.assertEqual((row["env"], row["leaf_hash"]), (one["envJcs"], one["leafHash"]))

    def test_dropped_blobs_are_counted(self):
        stored = rows(ledger())
        stored[0]["sealed"] = stored[1]["sealed"] = "{}"
        status, text = self.log(stored)
        self.assertEqual(status, 0, text)
        self.assertIn("1 blobs, 3 missing", text)

    def test_records_with_leaf_as_object_and_text_and_interleaved(self):
        lines = ndjson(rows(ledger()))
        self.well(self.file(lines))
        self.well(self.file([{**line, "leaf": A.jcs(line["leaf"]).decode()} for line in lines]))
        self.well(self.file(lines[4:6] + lines[:2] + [""] + lines[6:] + lines[2:4]))

    def test_partial(self):
        lines = ndjson(rows(ledger()))[1:6]
        self.well(self.file(lines, "--partial"))
        self.found(self.file(lines), "revision 1 where 0 was due")
        del lines[1]
        self.found(self.file(lines, "--partial"), "revision 3 where 2 was due")

    def test_json_summary_and_usage(self):
        self.log(rows(ledger()))
        status, text = self.run_audit("ledger", self.dir / "log.db", "--json")
        self.assertEqual((status, json.loads(text)["records"], json.loads(text)["ok"]), (0, 8, True))
        self.assertEqual(self.run_audit("ledger", self.dir / "nothing.db")[0], 2)
        self.assertEqual(self.run_audit("records", self.dir / "nothing")[0], 2)
        with self.assertRaises(SystemExit) as stop:
            self.run_audit("ledger")
        self.assertEqual(stop.exception.code, 2)

    def test_read_only(self):
        self.log(rows(ledger()))
        before = (self.dir / "log.db").read_bytes()
        self.run_audit("ledger", self.dir)
        self.assertEqual((self.dir / "log.db").read_bytes(), before)
        self.assertEqual(os.listdir(str(self.dir)), ["log.db"])


class Stored(Base):
    """Bytes of the log are changed; hashes are not made to fit."""

    def test_every_value_of_every_env(self):
        def leaves(value, path=()):
            for key, part in value.items() if isinstance(value, dict) else ():
                yield from leaves(part, path + (key,)) if isinstance(part, dict) and part else [path + (key,)]
        for n, one in enumerate(ledger()):
            for path in leaves(one["env"]):
                stored = rows(ledger())
                env = json.loads(stored[n]["env"])
                at = env
                for key in path[:-1]:
                    at = at[key]
                old = at[path[-1]]
                at[path[-1]] = old + 1 if isinstance(old, int) else {"x": 1} if old == {} else (
                    old[:-1] + ("1" if old[-1] != "1" else "2"))
                stored[n]["env"] = A.jcs(env).decode()
                with self.subTest(record=n, path=path):
                    self.found(self.log(stored), "rev %s position %d: leaf hash is not" % (stored[n]["rev"], n))
                    lines = ndjson(rows(ledger()))
                    lines[n]["env"] = env
                    self.found(self.file(lines), "position %d: leaf" % n)

    def test_text(self):
        def data(text):
            return lambda row: row.update(env=row["env"].replace('"data":{}', '"data":' + text))
        def swap(old, new):
            return lambda row: row.update(env=row["env"].replace(old, new))
        text = "env is not canonical text"
        for n, change, what in (
                (4, swap('"rev":0', '"rev": 0'), text), (4, swap('"rev":0', '"rev":-0'), text),
                (4, swap('"v":1}', '"v":1}\n'), text), (4, swap('"v":1', '"v":1,"v":1'), text),
                (4, swap('"kind":"user"', '"kind":"\\u0075ser"'), text),
                (4, lambda row: row.update(env=json.dumps(json.loads(row["env"]))), text),
                (4, lambda row: row.update(env=json.dumps(dict(reversed(list(json.loads(row["env"]).items()))),
                                                         separators=(",", ":"))), text),
                (4, swap('"rev":0', '"rev":0.0'), "not a safe integer"), (4, data('{"n":1e3}'), "not a safe integer"),
                (4, data('{"n":9007199254740992}'), "not a safe integer"), (4, data('{"n":NaN}'), "not a safe integer"),
                (4, data('{"\ufb33":1,"\U0001f600":1}'), text), (4, data('{"a":"\\ud800"}'), "surrogates"),
                (4, data('{"a":"\\/"}'), text), (4, data("[" * 99999 + "]" * 99999), "RecursionError"),
                (4, lambda row: row.update(env=row["env"][:-1]), "env: JSONDecodeError"),
                (4, lambda row: row.update(env=row["env"].encode()[:9] + b"\xff" + row["env"].encode()[9:]), "env: Unicode"),
                (4, lambda row: row.update(env="[]"), "env: TypeError")):
            stored = rows(ledger())
            change(stored[n])
            with self.subTest(env=str(stored[n]["env"])[:300]):
                self.found(self.log(stored), what)

    def test_columns(self):
        fit = "the columns id, stream and rev"
        for name, value, what in (
                ("stream", "customer-01890a5d-ac96-774b-bcce-b302099a8888", fit), ("id", "0" * 36, fit), ("rev", 9, fit),
                ("rev", "1", fit), ("s", "ab" * 16, "s differs"), ("s", "AB" * 16, "s is not 32"), ("s", None, "s is not 32"),
                ("leaf_hash", "00" * 32, "leaf hash is not that"), ("position", 7, "position is not after 7"),
                ("position", None, "position is not a safe integer"), ("position", 2 ** 53, "position is not a safe"),
                ("sealed", "{", "sealed: JSONDecodeError"), ("sealed", "[]", "sealed is not an object"),
                ("sealed", None, "sealed: ")):
            stored = rows(ledger())
            stored[1][name] = value
            with self.subTest(column=name, value=value):
                self.found(self.log(stored), what)

    def test_blobs(self):
        good = json.loads(rows(ledger())[1]["sealed"])["/service"]
        for sealed, what in (
                ({"/service": good[:-1] + "0"}, "does not have the hash"), ({"/service": good[:-2]}, "does not have the hash"),
                ({"/service": good.upper()}, "not in its encoding"), ({"/service": good[:-1]}, "not in its encoding"),
                ({"/service": good[:9] + " " + good[9:]}, "not in its encoding"), ({"/service": 1}, "not in its encoding"),
                ({"/service": good, "/identity": good}, "a blob that env.sealed does not have"),
                ({"service": good}, "a blob that env.sealed does not have"),
                ('{"/service":"00","/service":"%s"}' % good, "a key stands twice")):
            stored = rows(ledger())
            stored[1]["sealed"] = sealed if isinstance(sealed, str) else json.dumps(sealed)
            with self.subTest(what=what):
                self.found(self.log(stored), what)

    def test_order(self):
        def without(n):
            return lambda stored: stored.pop(n)
        def exchange(stored):
            stored[1]["position"], stored[2]["position"] = 2, 1
        def exchange_all_but_position(stored):
            stored[1], stored[2] = {**stored[2], "position": 1}, {**stored[1], "position": 2}
        for change, what in (
                (without(0), "revision 1 where 0 was due"), (without(2), "revision 3 where 2 was due"),
                (without(4), "revision 1 where 0 was due"), (exchange, "revision 2 where 1 was due"),
                (exchange_all_but_position, "revision 2 where 1 was due"),
                (lambda stored: stored.append({**stored[3], "position": 8}), "id stands twice"),
                (lambda stored: stored.append({**stored[3]}), "position is not after 3")):
            stored = rows(ledger())
            change(stored)
            with self.subTest(what=what):
                self.found(self.log(stored), what)

    def test_damaged_file(self):
        self.log(rows(ledger()) * 1)
        path = self.dir / "log.db"
        path.write_bytes(b"not a database" * 1000)
        self.assertEqual(self.run_audit("ledger", path)[0], 2)

    def test_first_hundred_and_no_control_characters(self):
        stored = [{**row, "position": n} for n, row in enumerate(rows(ledger()) * 20)]
        stored[0]["stream"] = "\x1b[2J\n"
        status, text = self.log(stored)
        self.assertEqual((status, len(text.splitlines())), (1, 102))
        self.assertNotIn("\x1b", text)
        self.assertIn("faults more", text)


class Rewritten(Base):
    """Forged consistently: every hash fits, a rule of the format does not."""

    def check(self, n, change, what):
        records = ledger()
        change(records[n])
        with self.subTest(what=what):
            self.found(self.log(rows(records)), what)
            self.found(self.file(ndjson(rows(records))), what)

    def test_env(self):
        def put(**more):
            return lambda one: one["env"].update(more)
        def drop(name):
            return lambda one: one["env"].pop(name)
        hash_, kid = "0" * 64, "dek_aaaa.1"
        entry = {"alg": "A256GCM", "h": hash_, "kid": kid}
        for change, what in (
                (put(extra=1), "unknown key extra"), (drop("salt"), "missing key salt"), (drop("purpose"), "missing key"),
                (drop("data"), "missing key data"), (drop("sealed"), "missing key sealed"), (put(v=2), "env.v is not 1"),
                (put(v=True), "env.v is not 1"), (put(v="1"), "env.v is not 1"), (put(type="Touchpoint"), "env.type"),
                (put(id="01890a5d-ac97-474b-bcce-000000000001"), "env.id is"), (put(id="01890A5D-ac97-774b-bcce-000000000001"),
                "env.id is"), (put(at="2026-01-03T00:00:00Z"), "env.at is"), (put(at="2026-02-30T00:00:00.000Z"), "env.at is"),
                (put(at="2026-01-03T24:00:00.000Z"), "env.at is"), (put(at="2026-01-03T00:00:00.000Z\n"), "env.at is"),
                (put(at="2025-12-31T00:00:00.000Z"), "at is before"), (put(rev=7), "revision 7 where"),
                (put(rev=True), "env.rev is not"), (put(rev=-1), "env.rev is not"), (put(purpose="Service"), "env.purpose"),
                (put(salt="BQUFBQUFBQUFBQUFBQUFBR"), "env.salt"), (put(salt="BQUFBQUFBQUFBQUFBQUFBQ=="), "env.salt"),
                (put(data=[]), "env.data is not"), (put(data=None), "env.data is not"), (put(idem=None), "env.idem is not"),
                (put(idem={"k": b64u(1)}), "missing key f"), (put(idem={"k": b64u(1), "f": b64u(1), "x": 1}), "unknown key x"),
                (put(idem={"k": b64u(1), "f": "short"}), "env.idem.f"), (put(via="x"), "env.via"), (put(cause=None), "env.cause"),
                (put(actor={"kind": "service"}), "missing key id"), (put(actor={"kind": "robot", "id": "a"}), "env.actor.kind"),
                (put(actor={"kind": "user", "id": "Zhang Wei"}), "env.actor.id"), (put(actor="x"), "env.actor is not"),
                (put(actor={"kind": "user", "id": "a", "name": "b"}), "unknown key name"), (put(sealed=[]), "env.sealed is not"),
                (put(sealed={"/other": entry}), "unknown class"), (put(sealed={"/service": {**entry, "alg": "none"}}), ".alg"),
                (put(sealed={"/service": {**entry, "h": "F" * 64}}), ".h is malformed"),
                (put(sealed={"/service": {**entry, "kid": "key"}}), ".kid is malformed"),
                (put(sealed={"/service": {**entry, "n": 1}}), "unknown key n"),
                (put(sealed={"/service": entry, "/identity": {**entry}}), "one kid for two classes"),
                (put(idem=GIVEN["records"][0]["env"]["idem"]), "idem.k stands twice"),
                (put(id=GIVEN["records"][0]["env"]["id"]), "id stands twice")):
            self.check(2, change, what)

    def test_stream_and_tag(self):
        self.check(7, lambda one: one["env"].update(stream="Customer-1"), "env.stream is malformed")
        self.check(7, lambda one: one.update(s="cd" * 16), "s differs")
        self.check(7, lambda one: one["env"].update(
            stream="customer-01890a5d-ac96-774b-bcce-b302099a7777", rev=0), "s is that of another stream")

    def test_blob_frame(self):
        for blob in (b"\x02" + bytes(40), b"\x01" + bytes(27), b""):
            def change(one):
                one["sealed"]["/service"] = blob
                one["env"]["sealed"]["/service"]["h"] = hashlib.sha256(blob).hexdigest()
            self.check(1, change, "blob is not 01, nonce")

    def test_cause(self):
        def cause(value):
            return lambda one: one["env"].update(cause=value)
        ids = [one["env"]["id"] for one in ledger()]
        self.check(5, lambda one: one["env"].pop("cause"), "is neither this event nor its cause")
        self.check(5, cause(ids[7]), "is neither this event nor its cause")
        self.check(3, cause(ids[0]), "cause names an event that is not later")
        self.check(7, cause(ids[7]), "cause names an event that is not later")
        self.check(7, cause("01890a5d-ac97-774b-bcce-0000000000ff"), "never follows")
        self.check(6, cause(ids[7]), "has a cause itself")
        self.check(6, cause(ids[7]), "env.idem stands on an event that has a cause")
        records = ledger()
        self.found(self.log(rows(records[:6])), "never follows")  # half an append


class Lines(Base):
    def test_changes(self):
        def put(n, **more):
            return lambda lines: lines[n].update(more)
        def leaf(**more):
            return lambda lines: lines[2]["leaf"].update(more)
        blob = ndjson(rows(ledger()))[1]["sealed"]["/service"]
        text = A.jcs(rows(ledger())[2]["leaf"]).decode()
        for change, what in [(leaf(**{key: value}), "leaf.%s is not" % key) for key, value in (
                ("v", 2), ("v", True), ("c", "0" * 64), ("id", "x"), ("p", "0" * 64), ("r", 9), ("t", "x"), ("k", "init"))] + [
                (leaf(s="ab" * 16), "s differs"), (lambda lines: lines[2]["leaf"].pop("t"), "leaf.t is not"),
                (put(2, leaf=text.replace(",", ", ")), "leaf is not canonical"), (put(2, leaf="{"), "line 3: not a record"),
                (put(2, leaf=None), "line 3: not a record"), (put(2, leafHash="0" * 64), "leaf hash is not"),
                (put(2, leafHash=None), "leaf hash is not"), (put(2, extra=1), "unknown key extra"),
                (lambda lines: lines[2].pop("position"), "missing key position"), (put(2, position=2.0), "not a safe integer"),
                (put(2, position=1), "position stands twice"), (put(0, position=99), "position is not after 99"),
                (put(1, sealed={"/service": blob.rstrip("=") + "===="}), "not in its encoding"),
                (put(1, sealed={"/service": "AQ" + blob[2:-6] + "AAAA" + blob[-2:]}), ""),
                (put(2, env=[]), "line 3: not a record"), (lambda lines: lines.insert(2, "{"), "line 3: not a record"),
                (lambda lines: lines.insert(2, '{"a":1,"a":2}'), "a key stands twice"),
                (lambda lines: lines.insert(3, lines[2]), "id stands twice"), (lambda lines: lines.clear(), "no record"),
                (lambda lines: lines[2]["env"]["data"].update(x="\ud800"), "line 3: not a record")]:
            lines = ndjson(rows(ledger()))
            change(lines)
            with self.subTest(what=what):
                self.found(self.file(lines), what)


class Vectors(Base):
    def vectors(self, given):
        path = self.dir / "v.json"
        path.write_text(json.dumps(given), "utf-8")
        return self.run_audit("vectors", path)

    def test_untouched(self):
        self.well(self.run_audit("vectors", VECTORS))

    def test_every_value(self):
        def places(value, path=()):
            for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
                yield from places(value[key], path + (key,))
            if not isinstance(value, (dict, list)):
                yield path
        secret = () if WITH_AES else ("dek", "kek", "nonce", "blob")
        for path in places(GIVEN):
            if path == ("about",) or path[-1] in secret:
                continue
            given = copy.deepcopy(GIVEN)
            at = given
            for key in path[:-1]:
                at = at[key]
            old = at[path[-1]]
            at[path[-1]] = (not old) if isinstance(old, bool) else old + 1 if isinstance(old, int) else "x" if not old else (
                ("1" if old[0] != "1" else "2") + old[1:])
            if path[0] == "jcs" and path[-1] == "in":
                at["in"] = "[1]"
            with self.subTest(path=path):
                self.assertEqual(self.vectors(given)[0], 1)

    def test_canonical_form(self):
        for text, canonical in (
                ('{"\\ud83d\\ude00":1,"\\ufb33":2,"10":1,"9":2}', '{"10":1,"9":2,"\U0001f600":1,"\ufb33":2}'),
                ('{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"A":{},"111":[{"e":"yes","E":"no"}]}',
                 '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"111":[{"E":"no","e":"yes"}],"A":{}}'),
                ('["\\u0000\\u001f\\u007f\\u2028\\/\\"\\\\\\b\\f"]', '["\\u0000\\u001f\x7f\u2028/\\"\\\\\\b\\f"]')):
            self.assertEqual(A.jcs(A.parse(text)).decode(), canonical)
            self.assertEqual(A.jcs_slowly(A.parse(text)), canonical)

    def test_numbers_of_the_rfc(self):
        for bits, text in (line.split("=") for line in (
                "0000000000000000=0 8000000000000000=0 0000000000000001=5e-324 7fefffffffffffff=1.7976931348623157e+308 "
                "4340000000000000=9007199254740992 4430000000000000=295147905179352830000 44b52d02c7e14af6=1e+23 "
                "44b52d02c7e14af5=9.999999999999997e+22 444b1ae4d6e2ef4e=999999999999999700000 444b1ae4d6e2ef50=1e+21 "
                "3eb0c6f7a0b5ed8c=9.999999999999997e-7 3eb0c6f7a0b5ed8d=0.000001 41b3de4355555555=333333333.3333333 "
                "becbf647612f3696=-0.0000033333333333333333 43143ff3c1cb0959=1424953923781206.2").split()):
            self.assertEqual(A.es_number(struct.unpack(">d", bytes.fromhex(bits))[0]), text)


if __name__ == "__main__":
    unittest.main()
