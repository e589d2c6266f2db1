// A user's password, and what wrong ones have locked.
import { useState } from "preact/hooks";
import { call, post, type Problem } from "../lib/api";
import { newPassword, PASSWORD_AT_LEAST, passwordProblem } from "../lib/grants";
import { asProblem } from "../lib/hooks";
import { Button, Confirm, Dialog, Field, Notice, Secrets, Toggle } from "../lib/ui";

/** A field for a new password, with a button that makes one. */
export function NewPassword(props: { value: string; brought: boolean; error?: string | undefined; onChange: (password: string, brought: boolean) => void }) {
  const [seen, setSeen] = useState(false);
  return (
    <>
      <Field label="Password" hint={`At least ${PASSWORD_AT_LEAST} characters`} error={props.error}>
        {(about) => (
          <div class="with-button">
            <input
              {...about}
              type={seen ? "text" : "password"}
              class={seen ? "mono" : ""}
              autocomplete="new-password"
              spellcheck={false}
              value={props.value}
              onInput={(event) => props.onChange(event.currentTarget.value, props.brought)}
            />
            <Button
              onClick={() => {
                setSeen(true);
                props.onChange(newPassword(), false);
              }}
            >
              Make one
            </Button>
          </div>
        )}
      </Field>
      {props.value !== "" && props.value.length < PASSWORD_AT_LEAST && (
        <Toggle
          label="Its user has had it for long"
          hint="Taken where a family’s own headers or messages carry it, and not by Authorization: Basic: it can be guessed"
          on={props.brought}
          onChange={(on) => props.onChange(props.value, on)}
        />
      )}
    </>
  );
}

export function SetPassword({ name, onClose, onDone }: { name: string; onClose: () => void; onDone: (said: string) => void }) {
  const [password, setPassword] = useState("");
  const [brought, setBrought] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [done, setDone] = useState(false);
  const wrong = passwordProblem(password, brought);
  const set = async (): Promise<void> => {
    setTried(true);
    if (wrong) return;
    setBusy(true);
    try {
      const body = { password, ...(brought && password.length < PASSWORD_AT_LEAST ? { brought: true } : {}) };
      await call(`/v1/admin/users/${encodeURIComponent(name)}/password`, { method: "POST", body });
      setDone(true);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  if (done)
    return (
      <Secrets
        title={`${name} has a new password`}
        say="Hand it over now. It is shown this once: only its hash is kept. The last one is refused from now on."
        items={[["password", password]]}
        onClose={() => {
          onDone(`The password of ${name} is another one now.`);
          onClose();
        }}
      />
    );
  return (
    <Dialog title={`New password for ${name}`} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void set();
        }}
      >
        <div class="body">
          {problem && <Notice problem={problem} />}
          <NewPassword
            value={password}
            brought={brought}
            error={tried || password ? wrong : undefined}
            onChange={(value, long) => {
              setPassword(value);
              setBrought(long);
            }}
          />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy}>
            Set it
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface Unlocked {
  lifted: { address: string; locked_until: string | null }[];
}

export function Unlock(props: { name: string; onClose: () => void; onDone: (said: string) => void; onProblem: (problem: Problem) => void }) {
  return (
    <Confirm
      title={`Unlock ${props.name}?`}
      say={<p>Wrong passwords are forgotten, from every address. An address that tried many users stays locked for up to a quarter of an hour.</p>}
      action="Unlock"
      onClose={props.onClose}
      onDo={async () => {
        try {
          const { lifted } = await post<Unlocked>(`/v1/admin/users/${encodeURIComponent(props.name)}/unlock`);
          const where = lifted.map(({ address }) => (address === "anywhere" ? "addresses where it never was" : address)).join(", ");
          props.onDone(lifted.length ? `${props.name} is not locked any more for ${where}.` : `${props.name} was not locked.`);
        } catch (error) {
          props.onProblem(asProblem(error));
        }
      }}
    />
  );
}
