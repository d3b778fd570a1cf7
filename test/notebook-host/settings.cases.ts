/** The allocator's settings: what is refused, and with which words. Each row changes the good settings in one way. */
export const KEY = Buffer.alloc(32, 7).toString("base64");

export const good: Record<string, string> = {
  HALLPASS_DOMAIN: "ide-proxy.example.org",
  HALLPASS_FLEET: "dev 10.20.0.0/16 2; lab 192.0.2.7",
  HALLPASS_HOST: "dev-02",
  HALLPASS_HOST_KEYS: `1:${KEY}`,
  HALLPASS_CAPACITY: "20",
  HALLPASS_JWKS_URL: "https://school.example.org/.well-known/jwks.json",
  HALLPASS_RUNTIME: "docker",
  HALLPASS_IMAGES: "lesson:1 lesson:2",
};

export const processSettings = { HALLPASS_RUNTIME: "process", HALLPASS_STATE: "/state", HALLPASS_JUPYTER: "/venv/bin" };

export const refused: [changes: Record<string, string>, error: string][] = [
  [
    { HALLPASS_DOMAIN: "" },
    'HALLPASS_DOMAIN is not set, but must be the notebooks\' domain. Set it as in HALLPASS_DOMAIN="ide-proxy.example.org".',
  ],
  [
    { HALLPASS_HOST: "dev-03" },
    'HALLPASS_HOST is "dev-03", which is no notebook host of HALLPASS_FLEET. Set it to one of them, as in "dev-01".',
  ],
  [
    { HALLPASS_HOST_KEYS: "   " },
    'HALLPASS_HOST_KEYS is not set, but must be this host\'s keys. Set it as in HALLPASS_HOST_KEYS="1:<base64 of 32 bytes>".',
  ],
  [
    { HALLPASS_HOST_KEYS: "1:c2VjcmV0" },
    "HALLPASS_HOST_KEYS is refused (its value is not shown): key 1 is not the base64 of 32 bytes. Set it to the keys that the fleet key's owner derived for this host.",
  ],
  [
    { HALLPASS_CAPACITY: "ten" },
    'HALLPASS_CAPACITY is "ten", which is no whole number from 1 to 1000. Set it to one, as in "20".',
  ],
  [
    { HALLPASS_CAPACITY: "0" },
    'HALLPASS_CAPACITY is "0", which is no whole number from 1 to 1000. Set it to one, as in "20".',
  ],
  [
    { HALLPASS_CAPACITY: "1001" },
    'HALLPASS_CAPACITY is "1001", which is no whole number from 1 to 1000. Set it to one, as in "20".',
  ],
  [
    { HALLPASS_ALLOCATOR_PORT: "6500" },
    'HALLPASS_ALLOCATOR_PORT is "6500", which is one of the notebooks\' ports. Set it to a port outside HALLPASS_NOTEBOOK_PORTS.',
  ],
  [
    { HALLPASS_AGENT_PORT: "7001" },
    'HALLPASS_AGENT_PORT is "7001", which is HALLPASS_ALLOCATOR_PORT too. Set it to a port of its own, as in 7002.',
  ],
  [
    { HALLPASS_PUBLIC_PORT: "70000" },
    'HALLPASS_PUBLIC_PORT is "70000", which is no whole number from 1 to 65535. Set it to one, as in "443".',
  ],
  [
    { HALLPASS_SCHOOL_ORIGINS: "https://school.example.org/" },
    'HALLPASS_SCHOOL_ORIGINS is "https://school.example.org/", which is no origin. Set it to scheme, name and port only, as in "https://school.example.org".',
  ],
  [
    { HALLPASS_SCHOOL_ORIGINS: "https://a.example.org *" },
    'HALLPASS_SCHOOL_ORIGINS is "*", which is no origin. Set it to scheme, name and port only, as in "https://school.example.org".',
  ],
  [
    { HALLPASS_JWKS_URL: "http://school.example.org/keys" },
    'HALLPASS_JWKS_URL is "http://school.example.org/keys", which is no https URL. Set it to one, as in "https://school.example.org/.well-known/jwks.json" (http only for this machine itself).',
  ],
  [
    { HALLPASS_JWKS_URL: "" },
    'Neither HALLPASS_JWKS_URL nor HALLPASS_JWT_SECRET is set, but exactly one says whose tokens are good. Set HALLPASS_JWKS_URL to the school\'s public keys, as in "https://school.example.org/.well-known/jwks.json", or, for development only, HALLPASS_JWT_SECRET.',
  ],
  [
    { HALLPASS_JWT_SECRET: "x".repeat(32) },
    'Both HALLPASS_JWKS_URL and HALLPASS_JWT_SECRET are set, but exactly one says whose tokens are good. Set HALLPASS_JWKS_URL to the school\'s public keys, as in "https://school.example.org/.well-known/jwks.json", or, for development only, HALLPASS_JWT_SECRET.',
  ],
  [
    { HALLPASS_JWKS_URL: "", HALLPASS_JWT_SECRET: "x".repeat(31) },
    "HALLPASS_JWT_SECRET is refused (its value is not shown): it is shorter than 32 bytes. Set it to the output of `openssl rand -base64 32`.",
  ],
  [
    { HALLPASS_RUNTIME: "podman" },
    'HALLPASS_RUNTIME is "podman", which is no runtime. Set it to "docker", or "process" (which does not isolate).',
  ],
  [
    { HALLPASS_IMAGES: "" },
    'HALLPASS_IMAGES is not set, but must be the images that notebooks may be made of. Set it as in HALLPASS_IMAGES="hallpass-notebook:7.6.5".',
  ],
  [
    { HALLPASS_NOTEBOOK_MEMORY_MIB: "1 GiB" },
    'HALLPASS_NOTEBOOK_MEMORY_MIB is "1 GiB", which is no whole number from 256 to 1048576. Set it to one, as in "1024".',
  ],
  [
    { ...processSettings, HALLPASS_STATE: "" },
    'HALLPASS_STATE is not set, but must be the folder for homes and records. Set it as in HALLPASS_STATE="/var/lib/hallpass".',
  ],
  [
    { ...processSettings, HALLPASS_JUPYTER: "" },
    'HALLPASS_JUPYTER is not set, but must be the folder that holds jupyter. Set it as in HALLPASS_JUPYTER="/opt/hallpass/venv/bin".',
  ],
];
