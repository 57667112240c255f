"""FHIR R4 in and out: a bundle's bytes to charts, a decision to resources."""
