"""Local gateways that speak the wire protocols of WeChat Pay, Alipay and UnionPay, for the demo and for the tests.

Each reads its protocol for itself and shares no line with our clients, so that both sides are put to the test.
"""
