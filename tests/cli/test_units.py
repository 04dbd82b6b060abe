# SPDX-License-Identifier: Apache-2.0
"""The units of docs/systemd: systemd itself has nothing to say against them, alone and with each drop-in; they are open to
no more than was agreed; and what they name is there."""
import re

import pytest

from harness import parts
from harness.run import run

UNITS = parts.TOP / "docs/systemd"
DROP_INS = sorted(p.stem for p in (UNITS / "mica.service.d").glob("*.conf"))
# systemd-analyze's levels of exposure, from 0.0 (closed) to 10.0, times ten; a little above what is measured
MOST = {"tpm2": 17, "owner": 22}
USUALLY = 15


@pytest.fixture
def place(tmp_path):
    """The units as somebody installs them who has mica elsewhere than in /usr."""
    parts.need("systemd-analyze")
    for unit in UNITS.glob("mica*.*"):
        if unit.is_file():
            (tmp_path / unit.name).write_text(unit.read_text().replace("=mica ", f"={parts.mica()} ")
                                              .replace("=-mica ", f"=-{parts.mica()} "))
    (tmp_path / "mica.service.d").mkdir()
    return tmp_path


def add(place, name):
    text = (UNITS / f"mica.service.d/{name}.conf").read_text()
    (place / f"mica.service.d/{name}.conf").write_text(text.replace("=-mica ", f"=-{parts.mica()} "))


def verify(place, *units):
    """What systemd says of these units; it says things of the machine's other units as well."""
    said = run(["systemd-analyze", "verify", "--man=no", *[place / u for u in units]], code=None, cwd=place)
    return "\n".join(line for line in (said.out + said.err).splitlines() if "mica" in line)


def test_systemd_takes_them(place):
    assert verify(place, "mica.service", "mica.timer", "mica-failed.service") == ""


@pytest.mark.parametrize("name", DROP_INS)
def test_with_each_drop_in(place, name):
    add(place, name)
    said = verify(place, "mica.service")
    if name == "opencryptoki":  # it requires a service that is not everywhere
        said = "\n".join(line for line in said.splitlines() if "pkcsslotd.service" not in line)
    assert said == ""


def test_a_fault_would_be_seen(place):
    add(place, "softhsm2")
    for name in ("mica.service", "mica.service.d/softhsm2.conf"):
        kept = (place / name).read_text()
        (place / name).write_text(kept + "\n[Service]\nProtectSytem=strict\n")
        assert "ProtectSytem" in verify(place, "mica.service")
        (place / name).write_text(kept)
    (place / "mica.timer").write_text((place / "mica.timer").read_text().replace("03:00:00", "03:61:00"))
    assert "calendar specification" in verify(place, "mica.timer")


@pytest.mark.parametrize("name", [None, *DROP_INS])
def test_how_open_they_are(place, name):
    if name:
        add(place, name)
    most = MOST.get(name, USUALLY)
    run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={most}", place / "mica.service"], cwd=place)


def test_a_unit_without_its_walls_would_be_seen(place):
    unit = place / "mica.service"
    unit.write_text(re.sub(r"^(ProtectSystem|CapabilityBoundingSet|SystemCallFilter|NoNewPrivileges).*\n", "", unit.read_text(), flags=re.M))
    said = run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={USUALLY}", unit], code=None, cwd=place)
    assert said.code != 0


def test_they_are_installed_as_examples(tmp_path):
    run(["cmake", "--install", parts.BUILD, "--prefix", tmp_path, "--component", "examples"])
    there = {str(p.relative_to(tmp_path / "share/doc/mica")) for p in tmp_path.rglob("*") if p.is_file()}
    wanted = {str(p.relative_to(parts.TOP / "docs")) for folder in ("systemd", "prometheus")
              for p in (parts.TOP / "docs" / folder).rglob("*") if p.is_file()}
    assert there == wanted and len(wanted) > 8
    for name in ("mica.service", "mica.timer"):
        assert (tmp_path / "share/doc/mica/systemd" / name).read_text() == (UNITS / name).read_text()


def test_the_pages_are_installed_beside_them(tmp_path):
    run(["cmake", "--install", parts.BUILD, "--prefix", tmp_path, "--component", "docs"])
    there = {p.name: p.read_text() for p in (tmp_path / "share/doc/mica").iterdir()}
    assert there == {p.name: p.read_text() for p in (parts.TOP / "docs").glob("*.md")}
    assert len(there) > 10 and "audit.md" in there


def test_every_option_in_them_is_known(home):
    """The command lines that the units run."""
    home.write()
    seen = 0
    for path in UNITS.rglob("mica*"):
        for words in re.findall(r"^Exec\w+=-?mica (.*)$", path.read_text(), re.M) if path.is_file() else []:
            verb, *options = words.split()
            known = home.mica(verb, "--help").out
            seen += 1
            assert all(option.split("=")[0] in known for option in options if option.startswith("--")), words
    assert seen >= 1


def test_the_readmes_name_the_drop_ins():
    text = "".join(p.read_text() for p in (parts.TOP / "hsm").glob("*/README.md")) + (parts.TOP / "docs/unattended.md").read_text()
    missing = [name for name in DROP_INS if f"{name}.conf" not in text]
    assert not missing, missing
