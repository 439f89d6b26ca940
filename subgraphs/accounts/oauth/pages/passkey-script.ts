/** Asks the browser for a passkey and sends its answer with the form. Everything else on these pages works without it. */
export const passkeyScript = `'use strict';
for (const button of document.querySelectorAll('[data-passkey]')) {
  const form = button.form;
  const failed = form.querySelector('[data-failed]');
  button.addEventListener('click', async () => {
    failed.hidden = true;
    button.disabled = true;
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(button.dataset.passkey));
      const credential = await navigator.credentials.get({ publicKey });
      form.elements.assertion.value = JSON.stringify(credential);
      form.submit();
    } catch {
      failed.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}
`;
