#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""loop.py URI CLIENT-DIR LOG: an application that connects to Milvus again and again, under mutual TLS, with the files
that lie in CLIENT-DIR at that moment. Each attempt is a line of LOG: when it began and ended, and what came of it."""
import json
import logging
import sys
import time

from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException


def attempt(uri, folder):
    client = MilvusClient(uri=uri, timeout=3, dedicated=True, secure=True, server_name="localhost",
                          client_pem_path=f"{folder}/client.pem", client_key_path=f"{folder}/client.key",
                          ca_pem_path=f"{folder}/ca.pem")
    try:
        client.list_collections()
    finally:
        client.close()


def main(uri, folder, log):
    logging.disable(logging.CRITICAL)
    with open(log, "a", buffering=1) as out:
        while True:
            begin, said = time.time(), ""
            try:
                attempt(uri, folder)
            except MilvusException as fault:
                said = str(fault)
            out.write(json.dumps({"begin": begin, "end": time.time(), "said": said}) + "\n")
            time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
