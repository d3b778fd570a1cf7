/**
 * An image for Docker tests whose notebook is none: it starts in no time, and answers as Jupyter does.
 *
 *   GET /api/me   with its token → 200, without → 403
 *   GET /limits   what the container may do and what it sees, as text
 *   PUT /files/x  keeps the body in the home; GET /files/x gives it back
 *
 * In Perl, which every Debian has: so nothing is downloaded.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBaseImage } from "../../scripts/base-image.ts";
import { runCommand } from "../../scripts/command.ts";

export const STUB_IMAGE = "hallpass-test-stub:latest";
export const ROOT_IMAGE = "hallpass-test-stub:root";

const PROGRAM = `
use strict; use IO::Socket::INET;
$SIG{TERM} = sub { exit 0 };
my $token = $ENV{JUPYTER_TOKEN} or die "JUPYTER_TOKEN is not set";
my $server = IO::Socket::INET->new(LocalPort => 8888, Listen => 128, ReuseAddr => 1) or die $!;
sub slurp { open(my $file, "<", $_[0]) or return ""; local $/; my $text = <$file>; $text // "" }
while (1) {
  my $client = $server->accept() or next;
  my ($head, $length) = ("", 0);
  while (my $line = <$client>) { last if $line =~ /^\\r?\\n$/; $head .= $line }
  $length = $1 if $head =~ /^content-length: (\\d+)/mi;
  my $body = ""; read($client, $body, $length) if $length;
  my ($method, $path) = $head =~ /^(\\S+) (\\S+)/;
  my ($status, $answer) = ("404 Not Found", "");
  if ($head !~ /^authorization: token \\Q$token\\E\\r?$/mi) { $status = "403 Forbidden" }
  elsif ($path eq "/api/me") { ($status, $answer) = ("200 OK", "{}") }
  elsif ($path eq "/limits") { ($status, $answer) = ("200 OK", slurp("/proc/self/status") . slurp("/proc/1/cmdline")) }
  elsif ($path =~ m{^/files/(\\w+)$}) {
    my $name = "$ENV{HOME}/$1";
    if ($method eq "PUT") { open(my $file, ">", $name) or die; print $file $body; close $file; $status = "204 No Content" }
    else { ($status, $answer) = ("200 OK", slurp($name)) }
  }
  print $client "HTTP/1.1 $status\\r\\ncontent-length: " . length($answer) . "\\r\\nconnection: close\\r\\n\\r\\n$answer";
  close $client;
}
`;

const DOCKERFILE = `
FROM debian:trixie-slim
COPY --chown=1000:1000 stub-notebook /home/student/
CMD ["perl", "/home/student/stub-notebook"]
`;

/** Both images: as it should be, and one that runs as root. */
export async function buildStubImages(): Promise<void> {
  await ensureBaseImage(() => {});
  const folder = await mkdtemp(join(tmpdir(), "hallpass-stub-"));
  await writeFile(join(folder, "stub-notebook"), PROGRAM);
  for (const [image, user] of [
    [STUB_IMAGE, "USER 1000"],
    [ROOT_IMAGE, ""],
  ] as const) {
    await writeFile(join(folder, "Dockerfile"), `${DOCKERFILE}${user}\n`);
    await runCommand(["docker", "build", "--quiet", "--tag", image, folder]);
  }
  await rm(folder, { recursive: true });
}

export async function removeStubImages(): Promise<void> {
  await runCommand(["docker", "image", "rm", "--force", STUB_IMAGE, ROOT_IMAGE]);
}
