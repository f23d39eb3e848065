//! Messages (MS-PSRP 2.2.1): a header and a CLIXML body.

use super::error::ProtocolError;
use crate::clixml;
use std::fmt;
use uuid::Uuid;

/// Destination (4 bytes, little-endian), type (4, little-endian), runspace pool and pipeline (16 each, as .NET
/// stores a GUID: the first three fields little-endian).
const HEADER: usize = 40;
const TO_CLIENT: u32 = 1;
pub(super) const TO_SERVER: u32 = 2;

/// The type of a message (MS-PSRP 2.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageType(pub u32);

macro_rules! message_types {
    ($($name:ident = $value:literal),* $(,)?) => {
        #[allow(missing_docs, reason = "the names are those of MS-PSRP 2.2.1")]
        impl MessageType {
            $(pub const $name: Self = Self($value);)*

            /// The name in MS-PSRP, or `None` for a type that it does not have.
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

message_types! {
    SESSION_CAPABILITY = 0x0001_0002,
    INIT_RUNSPACEPOOL = 0x0001_0004,
    PUBLIC_KEY = 0x0001_0005,
    ENCRYPTED_SESSION_KEY = 0x0001_0006,
    PUBLIC_KEY_REQUEST = 0x0001_0007,
    RUNSPACE_AVAILABILITY = 0x0002_1004,
    RUNSPACEPOOL_STATE = 0x0002_1005,
    CREATE_PIPELINE = 0x0002_1006,
    USER_EVENT = 0x0002_1008,
    APPLICATION_PRIVATE_DATA = 0x0002_1009,
    RUNSPACEPOOL_INIT_DATA = 0x0002_100B,
    RUNSPACEPOOL_HOST_CALL = 0x0002_1100,
    RUNSPACEPOOL_HOST_RESPONSE = 0x0002_1101,
    PIPELINE_INPUT = 0x0004_1002,
    END_OF_PIPELINE_INPUT = 0x0004_1003,
    PIPELINE_OUTPUT = 0x0004_1004,
    ERROR_RECORD = 0x0004_1005,
    PIPELINE_STATE = 0x0004_1006,
    DEBUG_RECORD = 0x0004_1007,
    VERBOSE_RECORD = 0x0004_1008,
    WARNING_RECORD = 0x0004_1009,
    PROGRESS_RECORD = 0x0004_1010,
    INFORMATION_RECORD = 0x0004_1011,
    PIPELINE_HOST_CALL = 0x0004_1100,
    PIPELINE_HOST_RESPONSE = 0x0004_1101,
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: MessageType,
    /// The runspace pool; nil in the server's SESSION_CAPABILITY.
    pub pool: Uuid,
    /// The pipeline; nil in messages of the pool.
    pub pipeline: Uuid,
    /// CLIXML without a byte order mark; empty where the type has no body.
    pub body: Vec<u8>,
}

/// The bytes of a message on the way to `destination`.
pub(super) fn encode(destination: u32, kind: MessageType, pool: Uuid, pipeline: Uuid, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(&destination.to_le_bytes());
    bytes.extend_from_slice(&kind.0.to_le_bytes());
    bytes.extend_from_slice(&pool.to_bytes_le());
    bytes.extend_from_slice(&pipeline.to_bytes_le());
    bytes.extend_from_slice(body);
    bytes
}

impl Message {
    /// The bytes of the message, on the way to a server.
    pub fn to_server(&self) -> Vec<u8> {
        encode(TO_SERVER, self.kind, self.pool, self.pipeline, &self.body)
    }

    /// The bytes of the message, on the way to a client: for a server in tests.
    pub fn to_client(&self) -> Vec<u8> {
        encode(TO_CLIENT, self.kind, self.pool, self.pipeline, &self.body)
    }

    /// Reads a message, whichever way it travels. PowerShell's bodies begin with a byte order mark.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtocolError> {
        let (header, body) = bytes.split_first_chunk::<HEADER>().ok_or(ProtocolError::ShortMessage)?;
        let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let guid = |at: usize| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&header[at..at + 16]);
            Uuid::from_bytes_le(bytes)
        };
        Ok(Self {
            kind: MessageType(number(4)),
            pool: guid(8),
            pipeline: guid(24),
            body: body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).to_vec(),
        })
    }

    /// The body as a value.
    pub(super) fn value(&self, limits: &clixml::Limits) -> Result<clixml::Value, ProtocolError> {
        clixml::read_one(&self.body, limits).map_err(|error| ProtocolError::Body { message: self.kind, error })
    }

    pub(super) fn lacks(&self, part: &'static str) -> ProtocolError {
        ProtocolError::Lacks { message: self.kind, part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message {
            kind: MessageType::PIPELINE_OUTPUT,
            pool: Uuid::from_u128(0x00112233_4455_6677_8899_aabbccddeeff),
            pipeline: Uuid::nil(),
            body: b"<I32>1</I32>".to_vec(),
        }
    }

    #[test]
    fn the_header_has_the_layout_of_the_specification() {
        let bytes = message().to_server();
        assert_eq!(bytes[..8], [2, 0, 0, 0, 0x04, 0x10, 0x04, 0]);
        assert_eq!(bytes[8..18], [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99]);
        assert_eq!(Message::decode(&bytes), Ok(message()));
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_body() {
        let marked = Message { body: b"\xEF\xBB\xBF<I32>1</I32>".to_vec(), ..message() };
        assert_eq!(Message::decode(&marked.to_client()), Ok(message()));
    }

    #[test]
    fn a_message_may_be_all_header_but_no_less() {
        let empty = Message { body: Vec::new(), ..message() };
        let bytes = empty.to_client();
        assert_eq!(bytes.len(), 40);
        assert_eq!(Message::decode(&bytes), Ok(empty));
        assert_eq!(Message::decode(&bytes[..39]), Err(ProtocolError::ShortMessage));
    }
}
