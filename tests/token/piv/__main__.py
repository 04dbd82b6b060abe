# SPDX-License-Identifier: Apache-2.0
"""A YubiKey to try things on by hand. Reads commands from standard input; ends with it."""
import shlex
import sys

from .yubikey import YubiKey

HELP = """touch          touch it now
finger SECONDS touch it that long after each time it blinks; none: never
eject, insert  pull it out, put it back in
tries N        so many tries of the PIN are left
status         what it was asked
root FILE      write the maker's root certificate
quit"""


def obey(yubikey, words):
    card = yubikey.card
    if words[0] == "touch":
        card.touch()
    elif words[0] == "finger":
        card.finger = None if words[1] == "none" else float(words[1])
    elif words[0] in ("eject", "insert"):
        getattr(yubikey, words[0])()
    elif words[0] == "tries":
        card.pin.left = int(words[1])
    elif words[0] == "status":
        print(f"PINs {card.pins}, wrong {card.wrong_pins}, left {card.pin.left}; signatures {card.signatures}; "
              f"touches {card.touches}, missed {card.missed}; blinking: {card.waiting.is_set()}")
    elif words[0] == "root":
        with open(words[1], "w", encoding="ascii") as file:
            file.write(yubikey.root)
    else:
        print(HELP)


with YubiKey() as key:
    print(f"a YubiKey, serial {key.card.serial}, PIN 123456, PUK 12345678, in\n")
    for name, value in key.env.items():
        print(f"export {name}={shlex.quote(value)}")
    # ykman does not look for YubiKeys in such readers by itself
    alias = f"ykman --reader '{key.reader.name} 00 00'"
    print(f"alias ykman={shlex.quote(alias)}", flush=True)
    for line in sys.stdin:
        command = line.split()
        if command == ["quit"]:
            break
        try:
            obey(key, command or ["help"])
        except (IndexError, ValueError, OSError) as fault:
            print(fault)
        sys.stdout.flush()
