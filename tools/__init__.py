"""What builds and checks this repository and is no part of the product: documents, supply chain, benchmark."""
