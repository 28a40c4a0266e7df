#!/usr/bin/python3
"""An OpenID Connect server's token endpoint for tests: unsigned tokens for whoever knows the secret, on a free port that it prints.

    token-server.py SECRET_FILE LIFETIME_S      the secret is read for each request
"""
import base64
import http.server
import json
import sys
import time
import urllib.parse


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        user, _, secret = base64.b64decode(self.headers.get("authorization", "Basic ").split()[1]).decode().partition(":")
        with open(sys.argv[1]) as file:
            right = urllib.parse.unquote(secret) == file.read().strip() and form.get("grant_type") == ["client_credentials"]
        print("asked scope=%s right=%s" % (form.get("scope", [""])[0], right), flush=True)
        now, lifetime = int(time.time()), int(sys.argv[2])
        claims = {"sub": urllib.parse.unquote(user), "iat": now, "exp": now + lifetime, "scope": form.get("scope", [""])[0]}
        token = "%s.%s." % (part({"alg": "none", "typ": "JWT"}), part(claims))
        body = json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": lifetime} if right else {"error": "invalid_client"}).encode()
        self.send_response(200 if right else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("listening %d" % server.server_port, flush=True)
server.serve_forever()
