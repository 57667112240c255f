"""Claims as providers send them to payers: X12 837 interchanges, each claim as a FHIR bundle."""
