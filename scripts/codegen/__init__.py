"""The generated package: from spec/openapi.yaml to checked Python source."""
