"""The contract: laws 1 to 9 of the design, proved on the real SDKs against the simulator.

Each test runs a program of an application twice, without genscope and with it, compares what the application, the
provider and the operator saw, and looks at the telemetry. A new provider adds an `Sdk` to `cases.SDKS`.
"""
