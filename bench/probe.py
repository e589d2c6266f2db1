"""Runs in a fresh process of the cold-start measurement, with nothing imported but what it takes to measure.

`python probe.py import` imports the function; `python probe.py clients boto3 dynamodb …` makes the same clients
without it; `python probe.py which` names the clients that the function makes while it is imported.
"""

import sys
import time

wall, cpu = time.perf_counter(), time.process_time()
match sys.argv[1:]:
    case ["import"]:
        import app  # type: ignore[import-not-found]  # the function's folder comes first on the path
    case ["clients", "boto3", *services]:
        import boto3

        for service in services:
            boto3.client(service)  # type: ignore[call-overload]  # any service
    case ["clients", "botocore", *services]:
        import botocore.session

        session = botocore.session.get_session()
        for service in services:
            session.create_client(service)
    case ["which"]:
        from botocore.session import Session

        make = Session.create_client

        def named(self, service_name, *args, **options):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN003, ANN201
            """Name the service, then make its client."""
            print(service_name)
            return make(self, service_name, *args, **options)

        Session.create_client = named  # type: ignore[method-assign]
        import app  # noqa: F401
if sys.argv[1] != "which":
    print((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)
