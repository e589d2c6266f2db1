"""Flowport: AWS Step Functions workflows as authenticated HTTP APIs."""
