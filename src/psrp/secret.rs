//! Secure strings on their way (`SS`, MS-PSRP 2.2.5.1.24). Outside of this module a [`Secret`] is what `PSSerializer`
//! makes of it on Linux: the UTF-16LE text in hexadecimal. On the wire it is base64, from version 2.4 on of the same
//! bytes, before of the bytes encrypted with a session key (AES-256, CBC, no initialization vector) that the server
//! makes and sends under the client's RSA key (PUBLIC_KEY and ENCRYPTED_SESSION_KEY, MS-PSRP 2.2.2.3 and 2.2.2.4).
//!
//! The old exchange protects nothing that the pipe does not (its padding is broken); it is here because an old server
//! understands no other secret.

use crate::clixml::{Secret, Version};
use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use memchr::{memchr, memmem};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};
use std::fmt::{self, Write as _};
use thiserror::Error;
use zeroize::Zeroizing;

/// The first version without a session key.
const CLEAR_SINCE: Version = Version::new(2, 4);
const RSA_BITS: usize = 2048;
const NO_IV: [u8; 16] = [0; 16];
/// PUBLICKEYBLOB and SIMPLEBLOB of the old Windows CryptoAPI (PowerShell's CryptoUtils.cs); their numbers are
/// little-endian.
const PUBLIC_KEY_BLOB: [u8; 12] = *b"\x06\x02\0\0\0\xA4\0\0RSA1";
const SIMPLE_BLOB_HEADER: usize = 12;

/// How the worker wants secrets, as far as it is known.
#[derive(Default)]
pub(super) enum Secrets {
    /// Its version has not come.
    #[default]
    Unknown,
    /// As they are.
    Clear,
    /// Encrypted, with a key that is not yet asked for.
    NoKey,
    /// Encrypted, with a key that is asked for.
    Asked(Box<RsaPrivateKey>),
    /// Encrypted with this key.
    Key(Zeroizing<[u8; 32]>),
}

/// A session key that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the worker sent a session key that cannot be read")]
pub struct BadSessionKey;

impl Secrets {
    /// Takes the worker's version.
    pub(super) fn on_version(&mut self, version: Version) {
        *self = if version >= CLEAR_SINCE { Self::Clear } else { Self::NoKey };
    }

    /// Whether secrets can be sent.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Self::Clear | Self::Key(_))
    }

    /// The key for a PUBLIC_KEY message, if one is to be sent: the first time that it is needed.
    pub(super) fn ask(&mut self) -> Option<String> {
        if !matches!(self, Self::NoKey) {
            return None;
        }
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, RSA_BITS).ok()?;
        let blob = public_key_blob(&key);
        *self = Self::Asked(Box::new(key));
        Some(base64_simd::STANDARD.encode_to_string(blob))
    }

    /// Takes an ENCRYPTED_SESSION_KEY; one that nobody asked for changes nothing.
    pub(super) fn on_session_key(&mut self, text: &str) -> Result<(), BadSessionKey> {
        let Self::Asked(private) = &*self else {
            return Ok(());
        };
        let blob = base64_simd::STANDARD.decode_to_vec(text).map_err(|_| BadSessionKey)?;
        let mut encrypted = blob.get(SIMPLE_BLOB_HEADER..).ok_or(BadSessionKey)?.to_vec();
        encrypted.reverse();
        let key = private.decrypt(Pkcs1v15Encrypt, &encrypted).map(Zeroizing::new).map_err(|_| BadSessionKey)?;
        let key = key.as_slice().try_into().map_err(|_| BadSessionKey)?;
        *self = Self::Key(Zeroizing::new(key));
        Ok(())
    }

    /// The form for the wire. What is no hexadecimal text becomes an empty secret, and so does any while
    /// [`Secrets::is_ready`] is false.
    pub(super) fn encode(&self, secret: &Secret) -> Secret {
        let clear = from_hex(&secret.0).unwrap_or_default();
        Secret(match self {
            Self::Clear => base64_simd::STANDARD.encode_to_string(&*clear),
            Self::Key(key) => {
                let encryptor = cbc::Encryptor::<Aes256>::new((&**key).into(), &NO_IV.into());
                base64_simd::STANDARD.encode_to_string(encryptor.encrypt_padded_vec_mut::<Pkcs7>(&clear))
            }
            Self::Unknown | Self::NoKey | Self::Asked(_) => String::new(),
        })
    }

    /// The hexadecimal form of what came over the wire; `None` if it is no secret.
    fn decode(&self, text: &str) -> Option<Zeroizing<String>> {
        let packed = base64_simd::STANDARD.decode_to_vec(text).ok().map(Zeroizing::new)?;
        match self {
            Self::Clear => Some(to_hex(&packed)),
            Self::Key(key) => {
                let decryptor = cbc::Decryptor::<Aes256>::new((&**key).into(), &NO_IV.into());
                let clear = decryptor.decrypt_padded_vec_mut::<Pkcs7>(&packed).ok().map(Zeroizing::new)?;
                Some(to_hex(&clear))
            }
            Self::Unknown | Self::NoKey | Self::Asked(_) => None,
        }
    }

    /// Rewrites the secrets in a message body, which is not read otherwise: an unescaped `<` cannot stand anywhere but
    /// before a tag. What is no secret stays as it is.
    pub(super) fn decode_body(&self, body: Vec<u8>) -> Vec<u8> {
        if memmem::find(&body, b"<SS").is_none() {
            return body;
        }
        let body = Zeroizing::new(body);
        let mut out = Vec::with_capacity(2 * body.len());
        let mut rest = &body[..];
        while let Some((before, text, after)) = split_at_secret(rest) {
            out.extend_from_slice(before);
            match std::str::from_utf8(text).ok().and_then(|text| self.decode(text)) {
                Some(hex) => out.extend_from_slice(hex.as_bytes()),
                None => out.extend_from_slice(text),
            }
            rest = after;
        }
        out.extend_from_slice(rest);
        out
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Clear => "Clear",
            Self::NoKey => "NoKey",
            Self::Asked(_) => "Asked",
            Self::Key(_) => "Key",
        })
    }
}

/// What comes up to the text of the first `SS` element, the text, and what follows.
fn split_at_secret(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut start = 0;
    loop {
        start += memmem::find(&body[start..], b"<SS")? + b"<SS".len();
        if !matches!(body.get(start), Some(b'>' | b' ')) {
            continue;
        }
        start += memchr(b'>', &body[start..])? + 1;
        if body[start - 2] == b'/' {
            continue;
        }
        let end = start + memchr(b'<', &body[start..])?;
        return Some((&body[..start], &body[start..end], &body[end..]));
    }
}

fn public_key_blob(key: &RsaPrivateKey) -> Vec<u8> {
    let (mut exponent, modulus) = (key.e().to_bytes_le(), key.n().to_bytes_le());
    exponent.resize(4, 0);
    let bits = (8 * modulus.len()) as u32;
    [&PUBLIC_KEY_BLOB[..], &bits.to_le_bytes(), &exponent, &modulus].concat()
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.map(Zeroizing::new)?;
    let bytes = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    digits.len().is_multiple_of(2).then(|| Zeroizing::new(bytes))
}

fn to_hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clear() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.on_version(Version::new(2, 4));
        secrets
    }

    fn keyed() -> Secrets {
        Secrets::Key(Zeroizing::new([7; 32]))
    }

    /// "aé" in UTF-16LE.
    const HEX: &str = "6100e900";

    #[test]
    fn a_secret_comes_back_as_it_went() {
        for secrets in [clear(), keyed()] {
            let wire = secrets.encode(&Secret(HEX.into()));
            assert_eq!(secrets.decode(&wire.0).as_deref().map(String::as_str), Some(HEX));
        }
        assert_eq!(clear().encode(&Secret(HEX.into())), Secret("YQDpAA==".into()));
        assert_ne!(keyed().encode(&Secret(HEX.into())), Secret("YQDpAA==".into()));
    }

    #[test]
    fn nothing_leaves_before_it_is_known_how() {
        assert_eq!(Secrets::default().encode(&Secret(HEX.into())), Secret(String::new()));
        assert_eq!(Secrets::NoKey.encode(&Secret(HEX.into())), Secret(String::new()));
        assert_eq!(clear().encode(&Secret("no hex".into())), Secret(String::new()));
        assert_eq!(clear().encode(&Secret("616".into())), Secret(String::new()));
    }

    #[test]
    fn only_secrets_are_rewritten() {
        let body = "<Obj><MS><SS N=\"Password\">YQDpAA==</SS><SS /><SSX>YQA=</SSX><S>SS YQA=</S><SS>!</SS><SS>YQA=</SS></MS></Obj>";
        let expected = body.replace("YQDpAA==", HEX).replace("<SS>YQA=", "<SS>6100");
        assert_eq!(clear().decode_body(body.into()), expected.as_bytes());
        for cut in 0..body.len() {
            clear().decode_body(body[..cut].into());
        }
    }

    #[test]
    fn a_bad_session_key_is_an_error() {
        let mut secrets = Secrets::NoKey;
        assert!(secrets.ask().is_some());
        assert!(secrets.ask().is_none(), "once");
        for text in ["", "!", "AAAA", &"A".repeat(360)] {
            assert_eq!(secrets.on_session_key(text), Err(BadSessionKey));
        }
    }

    #[test]
    fn nothing_of_a_key_is_printed() {
        assert_eq!(format!("{:?}", keyed()), "Key");
    }
}
