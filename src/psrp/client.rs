//! [`Client`]: one session with a worker, sans-IO.

use super::error::{ClientError, ErrorRecord, ProtocolError};
use super::event::{Event, PipelineEnd, Stream, UserEvent};
use super::fragment::{FragmentLimits, Fragmenter, Reassembler};
use super::host::{CallId, HostCall, HostError, HostInfo, response};
use super::lane::{Lane, Letter, Queue};
use super::message::{self, Message, MessageType, TO_SERVER};
use super::packet::{Packet, PacketKind};
use super::pipeline::Pipeline;
use super::pool::{self, Announced, PoolState};
use super::secret::Secrets;
use crate::clixml::{self, Object, Value, Version};
use std::collections::VecDeque;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What a [`Client`] needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The caller's choice; the session's `RunspaceId`.
    pub pool_id: Uuid,
    /// What the worker is told about the host.
    pub host: HostInfo,
    /// What the worker can make the client hold and read.
    pub limits: Limits,
}

/// Bounds on what a worker can cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For unfinished messages, per pipeline and for the session.
    pub fragments: FragmentLimits,
    /// For the bodies that the client reads: states, host calls, private data. Records are handed on unread.
    pub clixml: clixml::Limits,
}

impl Default for Limits {
    /// A message of 512 MiB, 16 of them at once; the default of [`clixml::Limits`].
    fn default() -> Self {
        Self { fragments: FragmentLimits { bytes: 512 << 20, open_objects: 16 }, clixml: clixml::Limits::default() }
    }
}

/// A pipeline between its creation and its CloseAck.
#[derive(Debug)]
struct Running {
    id: Uuid,
    lane: Lane,
    reassembler: Reassembler,
    input_ended: bool,
    /// Whether its end state came.
    ended: bool,
}

/// One session: a runspace pool of one runspace, and its pipelines.
///
/// The caller moves bytes: lines from [`Client::next_line`] to the worker, packets from the worker to
/// [`Client::receive`]; after each call it takes what [`Client::next_event`] and [`Client::next_line`] have. Nothing
/// here waits or knows the time: a deadline for every wait is the caller's (a worker that misses a field of a message
/// acknowledges it and says nothing more).
#[derive(Debug)]
pub struct Client {
    pool_id: Uuid,
    limits: Limits,
    state: PoolState,
    server_version: Option<Version>,
    secrets: Secrets,
    fragmenter: Fragmenter,
    session: Lane,
    session_reassembler: Reassembler,
    pipelines: Vec<Running>,
    events: VecDeque<Event>,
    ignored: u64,
}

impl Client {
    /// A session that is not yet open.
    pub fn new(config: Config) -> Self {
        let mut client = Self {
            pool_id: config.pool_id,
            limits: config.limits,
            state: PoolState::BeforeOpen,
            server_version: None,
            secrets: Secrets::default(),
            fragmenter: Fragmenter::default(),
            session: Lane::new(Uuid::nil()),
            session_reassembler: Reassembler::new(config.limits.fragments),
            pipelines: Vec::new(),
            events: VecDeque::new(),
            ignored: 0,
        };
        for (kind, body) in pool::opening(&config.host) {
            // Nothing in these can dangle.
            let _ = client.post(Uuid::nil(), Letter { queue: Queue::Creation, kind, body: Some(body) });
        }
        client
    }

    /// The state of the pool.
    pub fn state(&self) -> PoolState {
        self.state
    }

    /// The version of the protocol that the worker declared; `None` until its SESSION_CAPABILITY has come.
    pub fn server_version(&self) -> Option<Version> {
        self.server_version
    }

    /// How many messages and packets were passed over: of other pools or pipelines that have ended, of types that mean
    /// nothing to a client, and acknowledgements that nobody awaited.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Opens the pool; [`Event::Opened`] follows.
    pub fn open(&mut self) -> Result<(), ClientError> {
        self.require(&[PoolState::BeforeOpen])?;
        self.state = PoolState::Opening;
        Ok(())
    }

    /// Creates a pipeline, which runs at once when the pool is open. One that is created before the first line of the
    /// session is taken travels on that line, if it holds no secret.
    ///
    /// A secret, here and in inputs and answers, is what `PSSerializer` makes of it on Linux: the UTF-16LE text in
    /// hexadecimal. It waits until it is known how the worker wants it, and what comes behind it in its pipeline waits
    /// with it. Secrets in what the worker sends are given in the same form.
    pub fn create_pipeline(&mut self, pipeline: &Pipeline) -> Result<(), ClientError> {
        self.require(&[PoolState::Opening, PoolState::Opened])?;
        if self.pipelines.iter().any(|running| running.id == pipeline.id) || pipeline.id.is_nil() {
            return Err(ClientError::DuplicatePipeline(pipeline.id));
        }
        let body = pipeline.to_value()?;
        self.pipelines.push(Running {
            id: pipeline.id,
            lane: Lane::new(pipeline.id),
            reassembler: Reassembler::new(self.limits.fragments),
            input_ended: pipeline.no_input,
            ended: false,
        });
        let letter = Letter { queue: Queue::Creation, kind: MessageType::CREATE_PIPELINE, body: Some(body) };
        self.post(pipeline.id, letter).inspect_err(|_| drop(self.pipelines.pop()))
    }

    /// Sends an item to the pipeline's input. After the pipeline's end it goes nowhere.
    pub fn send_input(&mut self, pipeline: Uuid, item: &Value) -> Result<(), ClientError> {
        // Null is a message without a body; a worker chokes on one that says so.
        let body = (*item != Value::Null).then(|| item.clone());
        self.post_input(pipeline, MessageType::PIPELINE_INPUT, body)
    }

    /// Ends the pipeline's input.
    pub fn end_input(&mut self, pipeline: Uuid) -> Result<(), ClientError> {
        self.post_input(pipeline, MessageType::END_OF_PIPELINE_INPUT, None)?;
        self.find(pipeline)?.input_ended = true;
        Ok(())
    }

    fn post_input(&mut self, pipeline: Uuid, kind: MessageType, body: Option<Value>) -> Result<(), ClientError> {
        let running = self.find(pipeline)?;
        if running.input_ended {
            return Err(ClientError::InputEnded);
        }
        if running.ended {
            return Ok(());
        }
        self.post(pipeline, Letter { queue: Queue::Input, kind, body })
    }

    /// Bytes of the pipeline's input that wait for acknowledgements of earlier ones.
    pub fn unsent_input(&self, pipeline: Uuid) -> usize {
        let running = self.pipelines.iter().find(|running| running.id == pipeline);
        running.map_or(0, |running| running.lane.unsent_input())
    }

    /// Stops the pipeline; [`Event::PipelineState`] follows, unless the pipeline has ended already. The state may be
    /// another one, if the pipeline came to its end first.
    pub fn stop_pipeline(&mut self, pipeline: Uuid) -> Result<(), ClientError> {
        let running = self.find(pipeline)?;
        running.lane.drop_input();
        if !running.lane.is_announced() {
            self.end(pipeline, PipelineEnd::Stopped, None);
        } else if !running.ended {
            running.lane.want_signal();
        }
        Ok(())
    }

    /// Closes the pipeline, which every pipeline needs whatever its end; one that still runs is stopped by it.
    /// [`Event::CommandClosed`] follows.
    pub fn close_pipeline(&mut self, pipeline: Uuid) -> Result<(), ClientError> {
        let running = self.find(pipeline)?;
        if running.lane.is_announced() {
            running.lane.want_close();
        } else {
            self.remove(pipeline);
        }
        Ok(())
    }

    /// Answers a host call. The answer to a pipeline that is closed goes nowhere.
    pub fn answer(&mut self, call: &CallId, answer: Result<Value, HostError>) -> Result<(), ClientError> {
        let target = call.pipeline.unwrap_or_default();
        if self.lane(target).is_none() {
            return Ok(());
        }
        let (kind, body) = response(call, answer);
        self.post(target, Letter { queue: Queue::Answers, kind, body: Some(body) })
    }

    /// Queues a message, or holds it as long as its secrets, or those of one before it, cannot be encoded.
    fn post(&mut self, target: Uuid, letter: Letter) -> Result<(), ClientError> {
        let unknown = ClientError::UnknownPipeline(target);
        let is_secret = letter.is_secret();
        let bytes = self.encode(target, &letter)?;
        let fragments = self.fragmenter.cut(&bytes).collect();
        let ready = self.secrets.is_ready();
        let lane = self.lane(target).ok_or(unknown)?;
        if lane.holds() || is_secret && !ready {
            lane.hold(letter);
            self.ask_for_key();
        } else {
            lane.push(letter.queue, fragments);
        }
        Ok(())
    }

    /// The bytes of a message, its secrets as the worker wants them. They are wiped when they have been cut.
    fn encode(&self, target: Uuid, letter: &Letter) -> Result<Zeroizing<Vec<u8>>, ClientError> {
        let mut body = Zeroizing::new(Vec::new());
        match &letter.body {
            None => {}
            Some(value) if letter.is_secret() => {
                let mut value = value.clone();
                value.visit_secrets(&mut |secret| *secret = self.secrets.encode(secret));
                clixml::write(&value, &mut body)?;
            }
            Some(value) => clixml::write(value, &mut body)?,
        }
        Ok(Zeroizing::new(message::encode(TO_SERVER, letter.kind, self.pool_id, target, &body)))
    }

    /// Asks an old worker for a session key, once.
    fn ask_for_key(&mut self) {
        if let Some(key) = self.secrets.ask() {
            let body = Object::new().with("PublicKey", key);
            let letter = Letter { queue: Queue::Input, kind: MessageType::PUBLIC_KEY, body: Some(body.into()) };
            // The session's lane exists and the body has no reference.
            let _ = self.post(Uuid::nil(), letter);
        }
    }

    /// Sends what was held, or asks for what it waits for.
    fn release_held(&mut self) {
        let lanes =
            std::iter::once(&mut self.session).chain(self.pipelines.iter_mut().map(|running| &mut running.lane));
        let holding: Vec<Uuid> = lanes.filter(|lane| lane.holds()).map(|lane| lane.target()).collect();
        if !self.secrets.is_ready() {
            if !holding.is_empty() {
                self.ask_for_key();
            }
            return;
        }
        for target in holding {
            for letter in self.lane(target).map(Lane::release).unwrap_or_default() {
                // It was written once, to see whether it can be.
                let _ = self.post(target, letter);
            }
        }
    }

    /// Closes all pipelines, then the session; [`Event::PoolClosed`] follows. Before the pool is open it cannot be
    /// closed: a worker answers nothing then.
    pub fn close(&mut self) -> Result<(), ClientError> {
        self.require(&[PoolState::Opened])?;
        self.state = PoolState::Closing;
        let ids: Vec<Uuid> = self.pipelines.iter().map(|running| running.id).collect();
        for id in ids {
            self.close_pipeline(id)?;
        }
        Ok(())
    }

    /// The packets that must share the next line to the worker, in order; `None` while there is nothing to say.
    pub fn next_line(&mut self) -> Option<Vec<Packet>> {
        let line = match self.state {
            PoolState::BeforeOpen | PoolState::Closed | PoolState::Broken => return None,
            PoolState::Opening => self.opening_line(),
            PoolState::Opened | PoolState::Closing => self.open_line(),
        };
        (!line.is_empty()).then_some(line)
    }

    fn opening_line(&mut self) -> Vec<Packet> {
        if self.session.is_announced() {
            // A host call while the runspace is prepared.
            return self.session.next_line();
        }
        let mut line = self.session.next_line();
        if let Some(first) = self.pipelines.iter_mut().find(|running| !running.ended && !running.lane.holds()) {
            line.extend(first.lane.next_line());
        }
        line
    }

    fn open_line(&mut self) -> Vec<Packet> {
        if self.state == PoolState::Closing && self.pipelines.is_empty() {
            self.session.want_close();
        }
        let lanes = self.pipelines.iter_mut();
        let lanes = lanes.filter(|running| running.lane.is_announced() || !running.ended);
        std::iter::once(&mut self.session)
            .chain(lanes.map(|running| &mut running.lane))
            .map(Lane::next_line)
            .find(|line| !line.is_empty())
            .unwrap_or_default()
    }

    /// Whether the worker has yet to acknowledge a part of what it was sent, the ends of pipelines and sessions aside.
    /// One that is well does so at once, whatever its scripts are doing.
    pub fn awaits_answer(&self) -> bool {
        let lanes = self.pipelines.iter().map(|running| &running.lane);
        lanes.chain([&self.session]).any(Lane::awaits_answer)
    }

    /// The next event, if there is one.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Takes a packet from the worker. After an error the session is broken.
    pub fn receive(&mut self, packet: Packet) -> Result<(), ProtocolError> {
        if self.state.is_terminal() {
            self.ignored += 1;
            return Ok(());
        }
        let result = self.dispatch(packet);
        if result.is_err() {
            self.state = PoolState::Broken;
        }
        result
    }

    fn dispatch(&mut self, packet: Packet) -> Result<(), ProtocolError> {
        let target = packet.target;
        match packet.kind {
            PacketKind::Data(_, bytes) => return self.on_data(target, &bytes),
            PacketKind::DataAck => _ = self.on_ack(target, Lane::on_data_ack),
            PacketKind::CommandAck => _ = self.on_ack(target, Lane::on_command_ack),
            PacketKind::SignalAck => self.on_signal_ack(target),
            PacketKind::CloseAck => self.on_close_ack(target),
            kind @ (PacketKind::Command | PacketKind::Signal | PacketKind::Close) => {
                return Err(ProtocolError::Packet(kind));
            }
        }
        Ok(())
    }

    fn on_ack(&mut self, target: Uuid, apply: impl FnOnce(&mut Lane) -> bool) -> bool {
        let awaited = self.lane(target).is_some_and(apply);
        self.ignored += u64::from(!awaited);
        awaited
    }

    fn on_signal_ack(&mut self, target: Uuid) {
        if self.on_ack(target, Lane::on_signal_ack) {
            // The worker has let go of the command: if it has not told the end by now, it never will.
            self.end(target, PipelineEnd::Stopped, None);
        }
    }

    fn on_close_ack(&mut self, target: Uuid) {
        if !self.on_ack(target, Lane::on_close_ack) {
            return;
        }
        if target.is_nil() {
            self.state = PoolState::Closed;
            self.events.push_back(Event::PoolClosed);
        } else {
            self.remove(target);
        }
    }

    fn on_data(&mut self, target: Uuid, bytes: &[u8]) -> Result<(), ProtocolError> {
        let reassembler = if target.is_nil() {
            Some(&mut self.session_reassembler)
        } else {
            let running = self.pipelines.iter_mut().find(|running| running.id == target);
            running.map(|running| &mut running.reassembler)
        };
        let Some(reassembler) = reassembler else {
            self.ignored += 1;
            return Ok(());
        };
        let mut messages = Vec::new();
        reassembler.feed(bytes, &mut messages)?;
        for bytes in messages {
            let message = Message::decode(&bytes)?;
            if self.means_something(&message, target) {
                self.on_message(message)?;
            } else {
                self.ignored += 1;
            }
        }
        Ok(())
    }

    /// Whether a message is for this session or for a pipeline of it that has not ended.
    fn means_something(&self, message: &Message, target: Uuid) -> bool {
        // The worker's first message does not know the pool yet.
        let ours = message.pool == self.pool_id || message.pool.is_nil();
        let ended = self.pipelines.iter().any(|running| running.id == target && running.ended);
        ours && message.pipeline == target && !ended && !self.state.is_terminal()
    }

    fn on_message(&mut self, mut message: Message) -> Result<(), ProtocolError> {
        message.body = self.secrets.decode_body(message.body);
        if let Some(stream) = Stream::of(message.kind) {
            return self.on_record(stream, message);
        }
        match message.kind {
            MessageType::SESSION_CAPABILITY => self.on_capability(&message)?,
            MessageType::PUBLIC_KEY_REQUEST => self.ask_for_key(),
            MessageType::ENCRYPTED_SESSION_KEY => self.on_session_key(&message)?,
            MessageType::RUNSPACEPOOL_STATE => self.on_pool_state(&message)?,
            MessageType::APPLICATION_PRIVATE_DATA => self.on_private_data(&message)?,
            MessageType::USER_EVENT => {
                let event = UserEvent::decode(message, &self.limits.clixml)?;
                self.events.push_back(Event::UserEvent(event));
            }
            MessageType::PIPELINE_STATE => self.on_pipeline_state(&message)?,
            MessageType::PIPELINE_HOST_CALL | MessageType::RUNSPACEPOOL_HOST_CALL => {
                let call = HostCall::decode(message, &self.limits.clixml)?;
                self.events.push_back(Event::HostCall(call));
            }
            _ => self.ignored += 1,
        }
        Ok(())
    }

    fn on_capability(&mut self, message: &Message) -> Result<(), ProtocolError> {
        if self.server_version.is_some() {
            self.ignored += 1;
            return Ok(());
        }
        let version = pool::server_version(message, &self.limits.clixml)?;
        self.server_version = Some(version);
        self.secrets.on_version(version);
        self.release_held();
        Ok(())
    }

    fn on_session_key(&mut self, message: &Message) -> Result<(), ProtocolError> {
        let body = message.value(&self.limits.clixml)?;
        let key = body.property("EncryptedSessionKey").and_then(Value::as_text);
        let key = key.ok_or_else(|| message.lacks("EncryptedSessionKey"))?;
        self.secrets.on_session_key(&key.to_string_lossy())?;
        self.release_held();
        Ok(())
    }

    fn on_record(&mut self, stream: Stream, message: Message) -> Result<(), ProtocolError> {
        if message.pipeline.is_nil() {
            self.ignored += 1;
        } else {
            // Null is a message without a body.
            let clixml = if message.body.is_empty() { b"<Nil />".to_vec() } else { message.body };
            self.events.push_back(Event::Record { pipeline: message.pipeline, stream, clixml });
        }
        Ok(())
    }

    fn on_pool_state(&mut self, message: &Message) -> Result<(), ProtocolError> {
        match pool::announced(message, &self.limits.clixml)? {
            Announced::Opened if self.state == PoolState::Opening => {
                if self.server_version.is_none() {
                    return Err(ProtocolError::Order(message.kind));
                }
                self.state = PoolState::Opened;
                self.events.push_back(Event::Opened);
            }
            // While closing the worker says that it does; the CloseAck is what counts.
            Announced::Gone(reason) if self.state != PoolState::Closing => {
                self.state = PoolState::Broken;
                self.events.push_back(Event::PoolBroken { reason });
            }
            _ => {}
        }
        Ok(())
    }

    fn on_private_data(&mut self, message: &Message) -> Result<(), ProtocolError> {
        let body = message.value(&self.limits.clixml)?;
        let data = body.property("ApplicationPrivateData").cloned();
        self.events.push_back(Event::PrivateData(data.unwrap_or(Value::Null)));
        Ok(())
    }

    fn on_pipeline_state(&mut self, message: &Message) -> Result<(), ProtocolError> {
        let body = message.value(&self.limits.clixml)?;
        let state = body.property("PipelineState").and_then(Value::as_i64);
        // PSInvocationState (MS-PSRP 2.2.3.5); the others are on the way.
        let state = match state.ok_or_else(|| message.lacks("PipelineState"))? {
            3 => PipelineEnd::Stopped,
            4 => PipelineEnd::Completed,
            5 => PipelineEnd::Failed,
            _ => return Ok(()),
        };
        let counted = self.end(message.pipeline, state, pool::reason(body));
        self.ignored += u64::from(!counted);
        Ok(())
    }

    /// Ends the pipeline, if it has not ended: the first end counts.
    fn end(&mut self, pipeline: Uuid, state: PipelineEnd, reason: Option<ErrorRecord>) -> bool {
        let Some(running) = self.find(pipeline).ok().filter(|running| !running.ended) else {
            return false;
        };
        running.ended = true;
        running.lane.drop_input();
        self.events.push_back(Event::PipelineState { pipeline, state, reason });
        true
    }

    fn require(&self, states: &[PoolState]) -> Result<(), ClientError> {
        if states.contains(&self.state) { Ok(()) } else { Err(ClientError::State(self.state)) }
    }

    fn find(&mut self, pipeline: Uuid) -> Result<&mut Running, ClientError> {
        self.pipelines.iter_mut().find(|running| running.id == pipeline).ok_or(ClientError::UnknownPipeline(pipeline))
    }

    fn lane(&mut self, target: Uuid) -> Option<&mut Lane> {
        if target.is_nil() {
            return Some(&mut self.session);
        }
        self.find(target).ok().map(|running| &mut running.lane)
    }

    fn remove(&mut self, pipeline: Uuid) {
        self.end(pipeline, PipelineEnd::Stopped, None);
        self.pipelines.retain(|running| running.id != pipeline);
        self.events.push_back(Event::CommandClosed { pipeline });
    }
}
