"""Detectors of others, run by interpreters of their own: nothing here may import the gateway or what it depends on."""
