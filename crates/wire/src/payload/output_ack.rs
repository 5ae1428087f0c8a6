//! `quarterdeck_output_ack`: our hub has the output of a stream on disk up to an offset; our agent then forgets it.

use serde::{Deserialize, Serialize};

use super::{JobId, OutputStream, json_payload};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputAck {
    pub job_id: JobId,
    pub step: String,
    pub stream: OutputStream,
    /// Everything below is durable; the next byte wanted.
    pub offset: u64,
}
json_payload!(OutputAck, QuarterdeckOutputAck);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let ack = OutputAck { job_id: JobId::new("c", "mi-1").unwrap(), step: "run".into(), stream: OutputStream::Stdout, offset: 65536 };
        let text = r#"{"jobId":"aws.ssm.c.mi-1","step":"run","stream":"stdout","offset":65536}"#;
        assert_eq!(ack.encode(), text);
        assert_eq!(OutputAck::decode(text.as_bytes()).unwrap(), ack);
    }
}
