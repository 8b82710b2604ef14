"""The stages of a call's life, one a file; `gateway.life` has their order."""
