"""The OpenAPI 3.1 document, built from the route tables and models of the code. Only its own route imports this."""
