"""The JSON-RPC envelope of both APIs: methods, parameters, lists, points."""
