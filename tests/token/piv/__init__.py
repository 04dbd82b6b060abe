# SPDX-License-Identifier: Apache-2.0
"""A YubiKey 5's PIV application (NIST SP 800-73-4 with Yubico's extensions), a reader to put it in, and the pcscd that
ykcs11, OpenSC, yubico-piv-tool and ykman reach it by. The modules cannot tell; the applet counts what it was asked.

    with YubiKey(scratch) as yubikey:       # yubikey.py: all of it
        run([...], env=yubikey.env)         # PCSCLITE_CSOCK_NAME
        yubikey.card.pins                   # applet.py: VERIFY commands that brought a PIN
        yubikey.eject(); yubikey.insert()   # vpcd.py
        yubikey.card.touch()

By hand: `cd tests/token && /usr/bin/python3 -m piv`, and type help."""
