"""Networks by address: a user's own code, timm, the Hugging Face Hub."""
